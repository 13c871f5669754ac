import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

interface Grant {
  readonly client: string;
  readonly challenge: string;
  readonly redirect: string;
  readonly subject: string;
}

const ITSELF: Grant = { client: 'c', challenge: '', redirect: '', subject: 'client' };

/** An authorization server (RFC 8414, 7591, 7636, 9207) whose people say yes to everything. */
export class AuthorizationServer {
  /** Bodies of token requests with the client's credential. */
  readonly tokenRequests: { body: Record<string, string>; authorization?: string }[] = [];
  readonly tokens = new Map<string, { subject: string; expired: boolean }>();
  registrations = 0;
  /** Registrations are answered when so many have come. */
  registrationsAtOnce = 1;
  /** Token requests are answered when this has come. */
  tokenGate: Promise<void> = Promise.resolve();
  /** Clients that are known; forgetting them is what a server does that was set up anew. */
  readonly clients = new Set<string>();
  /** What the metadata says instead of the truth. */
  lies: Record<string, unknown> = {};
  private readonly codes = new Map<string, Grant>();
  private readonly waiting: (() => void)[] = [];
  private readonly refreshes = new Map<string, Grant>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<AuthorizationServer> {
    const server = createServer();
    const fake = new AuthorizationServer(server);
    server.on('request', (request, response) => void fake.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What a browser does: opens the URL as a person, and gives where he is sent back to. */
  consent(url: string, subject: string): URL {
    const query = new URL(url).searchParams;
    const code = randomUUID();
    const redirect = query.get('redirect_uri') ?? '';
    const client = query.get('client_id') ?? '';
    this.codes.set(code, { client, challenge: query.get('code_challenge') ?? '', redirect, subject });
    const back = new URL(redirect);
    back.search = new URLSearchParams({ code, state: query.get('state') ?? '', iss: this.issuer }).toString();
    return back;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    const { pathname } = new URL(request.url ?? '/', this.issuer);
    if (pathname === '/.well-known/oauth-authorization-server') return json(response, 200, this.metadata());
    if (pathname === '/register') {
      this.registrations += 1;
      const client_id = `client-${this.registrations}`;
      this.clients.add(client_id);
      await this.gather();
      return json(response, 201, { ...JSON.parse(text), client_id });
    }
    if (pathname !== '/token') return json(response, 404, {});
    const body = Object.fromEntries(new URLSearchParams(text));
    this.tokenRequests.push({ body, authorization: request.headers.authorization });
    await this.tokenGate;
    if (body.grant_type === 'client_credentials') return json(response, 200, this.issue(ITSELF));
    if (!this.clients.has(body.client_id ?? '')) return json(response, 401, { error: 'invalid_client' });
    const grant = this.grantOf(body);
    if (grant === undefined) return json(response, 400, { error: 'invalid_grant' });
    json(response, 200, this.issue(grant));
  }

  private async gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length >= this.registrationsAtOnce) for (const go of this.waiting.splice(0)) go();
    });
  }

  private metadata(): Record<string, unknown> {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      registration_endpoint: `${this.issuer}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
      authorization_response_iss_parameter_supported: true,
      ...this.lies,
    };
  }

  /** A code or a refresh token works once, and for the client that it was given to (RFC 6749 sections 4.1.3 and 6). */
  private grantOf(body: Record<string, string>): Grant | undefined {
    const isRefresh = body.grant_type === 'refresh_token';
    const [kept, key] = isRefresh ? [this.refreshes, body.refresh_token] : [this.codes, body.code];
    const grant = kept.get(key ?? '');
    kept.delete(key ?? '');
    if (grant === undefined || grant.client !== body.client_id) return undefined;
    const challenge = createHash('sha256')
      .update(body.code_verifier ?? '')
      .digest('base64url');
    const isProven = grant.challenge === challenge && grant.redirect === body.redirect_uri;
    return isRefresh || isProven ? grant : undefined;
  }

  private issue(grant: Grant): Record<string, unknown> {
    const [access, refresh] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    this.tokens.set(access, { subject: grant.subject, expired: false });
    this.refreshes.set(refresh, grant);
    return { access_token: access, refresh_token: refresh, token_type: 'Bearer', expires_in: 3600 };
  }
}

/** An MCP server that wants a token of an authorization server and says whose it was. */
export class ProtectedUpstream {
  issuer: string;
  /** Where the challenge says that its metadata is; then there is none here. */
  metadataUrl?: string;
  readonly bearers: string[] = [];
  /** Lists of tools are answered when this has come. */
  listGate: Promise<void> = Promise.resolve();
  lists = 0;
  /** Requests without a token that is worth something. */
  refused = 0;

  private constructor(
    private readonly server: Server,
    private readonly authorization: AuthorizationServer,
  ) {
    this.issuer = authorization.issuer;
  }

  static async start(authorization: AuthorizationServer): Promise<ProtectedUpstream> {
    const server = createServer();
    const fake = new ProtectedUpstream(server, authorization);
    server.on('request', (request, response) => void fake.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/mcp`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    const { origin, pathname } = new URL(request.url ?? '/', this.url);
    if (pathname.startsWith('/.well-known/oauth-protected-resource') && this.metadataUrl === undefined)
      return json(response, 200, { resource: this.url, authorization_servers: [this.issuer] });
    if (pathname !== '/mcp') return json(response, 404, {});
    const bearer = (request.headers.authorization ?? '').replace('Bearer ', '');
    const token = this.authorization.tokens.get(bearer);
    if (token === undefined || token.expired) {
      this.refused += 1;
      const metadataUrl = this.metadataUrl ?? `${origin}/.well-known/oauth-protected-resource/mcp`;
      const challenge = Buffer.from(`Bearer resource_metadata="${metadataUrl}"`, 'utf8').toString('latin1');
      response.setHeader('www-authenticate', challenge);
      return json(response, 401, {});
    }
    this.bearers.push(bearer);
    if (request.method !== 'POST') return json(response, 405, {});
    const { id, method } = JSON.parse(text) as { id?: number; method: string };
    if (id === undefined) return void response.writeHead(202).end();
    if (method === 'tools/list') {
      this.lists += 1;
      await this.listGate;
    }
    const results: Record<string, object> = {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'p', version: '1' },
      },
      'tools/list': { tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] },
      'tools/call': { content: [{ type: 'text', text: `You are ${token.subject}` }] },
    };
    const result = results[method];
    const answer = result === undefined ? { error: { code: -32601, message: 'no' } } : { result };
    json(response, 200, { jsonrpc: '2.0', id, ...answer });
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
