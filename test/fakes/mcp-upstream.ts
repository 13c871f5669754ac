import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a fake reads and writes any shape, also wrong ones
type Json = any;

export type Fault =
  /** Works. */
  | 'none'
  /** Breaks every connection. */
  | 'dead'
  /** Takes requests and never answers. */
  | 'hanging'
  /** Lists far too many tools. */
  | 'huge'
  /** A list without end, byte after byte. */
  | 'endless'
  /** Pages that come back to the first one. */
  | 'looping'
  /** Another description at every look. */
  | 'changing'
  /** Answers that are no JSON. */
  | 'broken_json'
  /** The second page fails: half a list. */
  | 'half';

export interface FakeTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema?: Json;
  readonly annotations?: Json;
}

/** A small MCP server (2025-11-25, sessions, JSON answers, a GET stream for notices) that can be told to misbehave. */
export class McpUpstream {
  fault: Fault = 'none';
  tools: readonly FakeTool[];
  /** What arrived, newest last; at most 200. */
  readonly requests: { method: string; headers: IncomingMessage['headers']; body: Json }[] = [];
  readonly sockets = new Set<Socket>();
  /** Calls that are being answered, and those whose socket was closed meanwhile. */
  open = 0;
  aborted = 0;
  cancelled = 0;
  private looks = 0;
  private sessions = 0;
  private readonly streams = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    tools: readonly FakeTool[],
  ) {
    this.tools = tools;
  }

  static async start(tools: readonly FakeTool[] = [{ name: 'echo' }]): Promise<McpUpstream> {
    const server = createServer();
    const fake = new McpUpstream(server, tools);
    server.on('connection', (socket) => {
      fake.sockets.add(socket);
      socket.on('close', () => fake.sockets.delete(socket));
    });
    server.on('request', (request, response) => void fake.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}/mcp`;
  }

  /** Tells every listening client that the tools changed. */
  notify(): void {
    for (const stream of this.streams)
      stream.write(
        `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })}\n\n`,
      );
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const body = await textOf(request);
    const message = body === '' ? {} : JSON.parse(body);
    this.requests.push({ method: message.method ?? request.method, headers: request.headers, body: message });
    if (this.requests.length > 200) this.requests.shift();
    if (this.fault === 'dead') return void request.socket.destroy();
    if (this.fault === 'hanging') return;
    if (request.method === 'DELETE') return void response.writeHead(200).end();
    if (request.method === 'GET') return this.stream(response);
    if (message.method === 'notifications/cancelled') this.cancelled += 1;
    if (message.id === undefined) return void response.writeHead(202).end();
    if (this.fault === 'broken_json')
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"jsonrpc": "2.0", "id":');
    this.answer(message, response);
  }

  private stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  private answer({ id, method, params }: Json, response: ServerResponse): void {
    if (method === 'initialize') {
      const result = {
        protocolVersion: '2025-11-25',
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'fake', version: '1' },
      };
      this.sessions += 1;
      return send(response, id, { result }, { 'mcp-session-id': `s${this.sessions}` });
    }
    if (method === 'tools/list') return this.list(id, params?.cursor, response);
    if (method === 'tools/call') return this.call(id, params, response);
    send(response, id, { error: { code: -32601, message: 'Method not found' } });
  }

  private list(id: Json, cursor: string | undefined, response: ServerResponse): void {
    this.looks += 1;
    const tools = this.tools.map((tool) => ({ inputSchema: { type: 'object' }, ...tool }));
    switch (this.fault) {
      case 'huge': {
        const many = Array.from({ length: 10_000 }, (_, index) => ({ ...tools[0], name: `t${index}` }));
        return send(response, id, { result: { tools: many } });
      }
      case 'endless':
        return this.endless(response);
      case 'looping':
        return send(response, id, { result: { tools, nextCursor: 'again' } });
      case 'changing':
        return send(response, id, {
          result: { tools: tools.map((tool) => ({ ...tool, description: `Look ${this.looks}` })) },
        });
      case 'half':
        return cursor === undefined
          ? send(response, id, { result: { tools: tools.slice(0, 1), nextCursor: 'two' } })
          : void response.writeHead(500).end();
      default:
        return send(response, id, { result: { tools } });
    }
  }

  /** As an event stream, so that a client sees the end of its socket. `ms` is how long the tool takes. */
  private call(id: Json, params: Json, response: ServerResponse): void {
    this.open += 1;
    let isDone = false;
    response.on('close', () => {
      this.open -= 1;
      if (!isDone) this.aborted += 1;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const text = JSON.stringify(params.arguments);
    const result = { content: [{ type: 'text', text }] };
    const timer = setTimeout(() => {
      isDone = true;
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
    }, params.arguments?.ms ?? 0);
    response.on('close', () => clearTimeout(timer));
  }

  private endless(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = 'x'.repeat(64 << 10);
    const write = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', write);
    response.write('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"');
    write();
  }
}

function send(response: ServerResponse, id: Json, answer: Json, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return '';
  }
  return Buffer.concat(chunks).toString('utf8');
}
