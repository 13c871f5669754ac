import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../common/app-error.js';
import { EgressErrors } from './egress.errors.js';
import { type Fetch } from './guarded-fetch.js';

/** A door of this process to one remote Git repository, for one Git process. */
export interface GitGateway {
  /** What Git is told to clone: a loopback URL that nobody else knows. */
  readonly url: string;
  /** Why the last request did not come back, when the guard or the server refused it. */
  problem(): AppError | undefined;
  close(): Promise<void>;
}

const MAX_REQUEST_BYTES = 16 << 20;
const SERVICE = 'git-upload-pack';

/**
 * Lets Git fetch from `repository` through a guarded `fetch`: Git itself speaks only to this loopback door, so address
 * checks, redirects, size caps, TLS and credentials are those of everything else that leaves. Only the two requests of
 * a fetch pass (Git documentation, "gitprotocol-http"): the list of references, and the pack.
 */
export async function openGitGateway(fetch: Fetch, repository: string): Promise<GitGateway> {
  const key = `/${randomBytes(24).toString('base64url')}`;
  const remote = new Remote(fetch, repository.replace(/\/+$/, ''));
  const server = createServer((request, response) => {
    const isOurs = request.url?.startsWith(`${key}/`) === true;
    const path = isOurs ? (request.url ?? '').slice(key.length) : '';
    void remote.answer(path, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${key}`,
    problem: () => remote.problem,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Remote {
  problem?: AppError;

  constructor(
    private readonly fetch: Fetch,
    private base: string,
  ) {}

  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const answer = await this.pass(path, request, gone.signal);
      if (answer === undefined) return void response.writeHead(403).end();
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? 'text/plain',
      });
      if (answer.body === null) return void response.end();
      await pipeline(Readable.fromWeb(answer.body as never), response);
    } catch (error) {
      if (gone.signal.aborted && this.problem === undefined) return;
      this.problem =
        error instanceof AppError ? error : EgressErrors.egress_failed(undefined, { cause: error });
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    }
  }

  /** Undefined when the request is not one of a fetch. */
  private async pass(
    path: string,
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    const { method, headers } = request;
    const version = headers['git-protocol'];
    const own = typeof version === 'string' ? { 'git-protocol': version } : undefined;
    if (method === 'GET' && path === `/info/refs?service=${SERVICE}`) {
      const answer = await this.fetch(this.base + path, { headers: { ...own }, signal });
      // The pack is asked for where the references came from, as Git does it.
      if (answer.ok) this.base = answer.url.replace(/\/info\/refs(\?.*)?$/, '');
      return answer;
    }
    if (method !== 'POST' || path !== `/${SERVICE}`) return undefined;
    const wanted = ['content-type', 'content-encoding', 'accept'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    const body = await bodyOf(request);
    return this.fetch(`${this.base}/${SERVICE}`, {
      method: 'POST',
      headers: { ...Object.fromEntries(wanted), ...own },
      body,
      signal,
    });
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) throw EgressErrors.egress_too_large('Git asks for too much at once.');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
