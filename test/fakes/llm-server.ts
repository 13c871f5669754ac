import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/** What a fake provider does with one request. */
export type Script =
  | {
      readonly kind: 'reply';
      readonly text?: string;
      readonly calls?: readonly Call[];
      readonly fault?: Fault;
      /** The model's own token limit ends it in the middle of the arguments, in good order. */
      readonly isTooLong?: true;
      /** The provider's filter ends it after its text. */
      readonly isFiltered?: true;
      /** The provider does not say what was used. */
      readonly withoutUsage?: true;
      /** Every call has the id of the first. */
      readonly sameIds?: true;
    }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly code?: string;
      readonly message?: string;
    }
  /** A web page instead of an answer; `asStream` under the content type of one. */
  | { readonly kind: 'html'; readonly asStream?: true }
  /** Status 200 and nothing more. */
  | { readonly kind: 'empty'; readonly asStream?: true }
  /** An error as JSON under status 200, as some gateways send it. */
  | { readonly kind: 'error with 200' }
  /** The lines of a stream as they are, for what servers get wrong. */
  | { readonly kind: 'raw'; readonly frames: readonly string[] };

/** What a request asks, whatever its wire format. */
export interface Asked {
  readonly system: string;
  readonly tools: readonly string[];
  /** The last text of the user. */
  readonly question: string;
  /** Results of tools after that text, as the model reads them. */
  readonly results: readonly string[];
}

export interface Call {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** The text of a message, whether it is one string or blocks. */
export function textOf(content: unknown): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : '';
  return content.map((block: { text?: string }) => block.text ?? '').join('');
}

/**
 * `stall`: nothing more comes, from the place `at` on (default: before the end); `cut`: the socket is closed in the
 * middle of the bytes that `at` names.
 */
export type Fault =
  | { readonly kind: 'stall'; readonly at?: 'headers' | 'first token' | 'between' | 'tool call' }
  | { readonly kind: 'cut'; readonly at: 'headers' | 'utf-8' | 'tool call' | 'end' };

export type Mind = (asked: Asked) => Script | Promise<Script>;

export interface LlmServer {
  readonly url: string;
  /** The bodies of the requests so far. */
  readonly requests: Record<string, unknown>[];
  readonly headers: IncomingMessage['headers'][];
  /** What the requests so far asked. */
  asked(): Asked[];
  /** Requests whose answer is not finished and whose client is still there. */
  open(): number;
  /** Scripts for the next requests; the last one is repeated. */
  play(...scripts: Script[]): void;
  /** Answers every request by what it asks. */
  think(mind: Mind): void;
  close(): Promise<void>;
}

/** One event of a stream, and whether a cut `at` a place happens inside it. */
export interface Frame {
  readonly data: string;
  readonly is?: 'text' | 'tool call' | 'end';
}

export interface WireFormat {
  readonly path: string;
  frames(script: Extract<Script, { kind: 'reply' }>): Frame[];
  error(script: Extract<Script, { kind: 'error' }>): unknown;
  read(body: Record<string, unknown>): Asked;
}

/** A loopback server that speaks the wire formats of a provider, slowly enough that a stream is one. */
export async function startLlmServer(...formats: WireFormat[]): Promise<LlmServer> {
  const requests: Record<string, unknown>[] = [];
  const asked: Asked[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const active = new Set<ServerResponse>();
  let scripts: Script[] = [{ kind: 'reply', text: 'Hello' }];
  const next = () => (scripts.length > 1 ? scripts.shift() : scripts[0]) ?? { kind: 'html' };
  let mind: Mind = next;
  const server = createServer((request, response) => {
    active.add(response);
    response.on('close', () => active.delete(response));
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      const parsed = JSON.parse(body) as Record<string, unknown>;
      requests.push(parsed);
      headers.push(request.headers);
      const format = formats.find(({ path }) => request.url?.endsWith(path));
      if (format === undefined) return void response.writeHead(404).end('{}');
      const question = format.read(parsed);
      asked.push(question);
      void Promise.resolve(mind(question)).then((script) => answer(format, script, response));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    headers,
    asked: () => [...asked],
    open: () => active.size,
    play: (...given) => {
      scripts = given;
      mind = next;
    },
    think: (given) => (mind = given),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(format: WireFormat, script: Script, response: ServerResponse): Promise<void> {
  if (script.kind === 'html' || script.kind === 'empty') {
    const type = script.kind === 'html' ? 'text/html' : 'application/json';
    response.writeHead(200, { 'content-type': script.asStream === true ? 'text/event-stream' : type });
    response.end(script.kind === 'html' ? '<html><body>Welcome to our proxy</body></html>' : '');
    return;
  }
  if (script.kind === 'error with 200') {
    const error = { kind: 'error', status: 500 } as const;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(format.error(error)));
    return;
  }
  if (script.kind === 'error') {
    response.writeHead(script.status, { 'content-type': 'application/json', ...script.headers });
    response.end(JSON.stringify(format.error(script)));
    return;
  }
  const fault = script.kind === 'reply' ? script.fault : undefined;
  const stall = fault?.kind === 'stall' ? (fault.at ?? 'end') : undefined;
  if (stall === 'headers') return;
  if (fault?.kind === 'cut' && fault.at === 'headers') return void response.destroy();
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  let texts = 0;
  const frames: Frame[] =
    script.kind === 'reply' ? format.frames(script) : script.frames.map((data) => ({ data }));
  for (const frame of frames) {
    if (response.destroyed) return;
    const bytes = Buffer.from(frame.data, 'utf8');
    if (stall !== undefined && frame.is === stall) return;
    if (frame.is === 'text' && (stall === 'first token' || (stall === 'between' && (texts += 1) > 2))) return;
    if (fault?.kind === 'cut' && cutsHere(fault.at, frame, bytes)) {
      response.write(bytes.subarray(0, cutAt(fault.at, bytes)), () => response.destroy());
      return;
    }
    response.write(bytes);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  response.end();
}

function cutsHere(at: string, frame: Frame, bytes: Buffer): boolean {
  return at === 'utf-8' ? frame.is === 'text' && bytes.some((byte) => byte > 127) : frame.is === at;
}

/** In the middle of a character, of the JSON, or before the frame that ends the message. */
function cutAt(at: string, bytes: Buffer): number {
  if (at === 'end') return 0;
  return at === 'utf-8' ? bytes.findIndex((byte) => byte > 127) + 1 : Math.floor(bytes.length / 2);
}

/** A text in pieces, as tokens come. */
export function pieces(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}

/** JSON in two halves: providers stream arguments too. Of one that is too long the second never comes. */
export function halves(args: Record<string, unknown>, isTooLong = false): [string, string] {
  const json = JSON.stringify(args);
  const middle = Math.ceil(json.length / 2);
  return [json.slice(0, middle), isTooLong ? '' : json.slice(middle)];
}
