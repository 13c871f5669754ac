import { randomUUID } from 'node:crypto';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { EX_UNAVAILABLE } from '../config/exit-codes.js';
import { ApiError, CliError, type Problem } from './cli-error.js';

/** Gives the bearer for a request; `renew` is asked once after a 401, undefined when there is nothing to renew. */
export interface Credential {
  bearer(): Promise<string | undefined>;
  renew(): Promise<string | undefined>;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent without a credential. */
  readonly anonymous?: boolean;
  readonly timeoutMs?: number;
}

export interface StreamOptions {
  readonly body?: unknown;
  /** Resumes after this event. */
  readonly lastEventId?: string;
  readonly idempotencyKey?: string;
  readonly signal: AbortSignal;
}

export interface ServerEvent {
  readonly id?: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

const TIMEOUT_MS = 30_000;
/** The server pings every 15 s; a line that is silent for longer is broken. */
const SILENCE_MS = 45_000;

/** The REST API of a running server, the only way in which the command line reaches it. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly credential: Credential,
  ) {}

  get<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return this.request<T>('GET', path, options);
  }

  post<T>(path: string, body: unknown = {}, options: RequestOptions = {}): Promise<T> {
    return this.request<T>('POST', path, { ...options, body });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('PATCH', path, { body });
  }

  delete<T>(path: string): Promise<T> {
    return this.request<T>('DELETE', path, {});
  }

  /** Sends one request and returns the JSON of its answer. Throws ApiError, or CliError 69 when nobody answers. */
  async request<T>(method: string, path: string, options: RequestOptions): Promise<T> {
    const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    const response = await this.send(method, withQuery(path, options.query), {
      ...options,
      signal,
      idempotencyKey: method === 'POST' ? randomUUID() : undefined,
    });
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The body of an answer as it stands. Throws as `request`. */
  async text(path: string): Promise<string> {
    const response = await this.send('GET', path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.text();
  }

  /** Opens an event stream and yields its events until the server ends it or the line breaks. */
  async *stream(method: string, path: string, options: StreamOptions): AsyncGenerator<ServerEvent> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const signal = AbortSignal.any([options.signal, silence.signal]);
    try {
      const response = await this.send(method, path, { ...options, signal, events: true });
      const waiting: EventSourceMessage[] = [];
      const parser = createParser({ onEvent: (event) => waiting.push(event) });
      const decoder = new TextDecoder();
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        timer.refresh();
        parser.feed(decoder.decode(chunk, { stream: true }));
        for (const event of waiting.splice(0)) yield toServerEvent(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private async send(
    method: string,
    path: string,
    options: RequestOptions & Partial<StreamOptions> & { events?: boolean },
  ): Promise<Response> {
    const attempt = async (bearer: string | undefined) =>
      fetch(this.url + path, {
        method,
        redirect: 'error',
        headers: headersOf(options, bearer),
        ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
        ...(options.signal && { signal: options.signal }),
      }).catch((error: unknown) => this.explain(error));
    const anonymous = options.anonymous === true;
    let response = await attempt(anonymous ? undefined : await this.credential.bearer());
    if (response.status === 401 && !anonymous) {
      const renewed = await this.credential.renew();
      if (renewed !== undefined) {
        await response.body?.cancel();
        response = await attempt(renewed);
      }
    }
    if (!response.ok) throw new ApiError(await problemOf(response));
    return response;
  }

  private explain(error: unknown): never {
    const { name, cause } = error as { name?: string; cause?: { code?: string; message?: string } };
    if (name === 'AbortError') throw error;
    if (name === 'TimeoutError')
      throw new CliError(`${this.url} did not answer in time. Try again.`, EX_UNAVAILABLE);
    const reason = cause?.code ?? cause?.message ?? String(error);
    throw new CliError(
      `No mcp-server answers at ${this.url} (${reason}).\nStart one in another terminal:  npm start\nOr name another one:  --url URL, or MCP_SERVER_URL`,
      EX_UNAVAILABLE,
    );
  }
}

function headersOf(
  options: { body?: unknown; idempotencyKey?: string; lastEventId?: string; events?: boolean },
  bearer: string | undefined,
): Record<string, string> {
  return {
    accept: options.events === true ? 'text/event-stream' : 'application/json',
    'user-agent': 'mcp-server-cli',
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(options.body !== undefined && { 'content-type': 'application/json' }),
    ...(options.idempotencyKey !== undefined && { 'idempotency-key': options.idempotencyKey }),
    ...(options.lastEventId !== undefined && { 'last-event-id': options.lastEventId }),
  };
}

function withQuery(path: string, query: RequestOptions['query'] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? path : `${path}?${given.toString()}`;
}

function toServerEvent(event: EventSourceMessage): ServerEvent {
  return {
    ...(event.id !== undefined && { id: event.id }),
    type: event.event ?? 'message',
    data: JSON.parse(event.data) as Record<string, unknown>,
  };
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (typeof problem.code === 'string' && typeof problem.detail === 'string')
      return { ...problem, status: response.status } as Problem;
  } catch {
    // Not a problem document: a proxy, or another program on this port.
  }
  return {
    status: response.status,
    code: `http_${response.status}`,
    detail: 'The answer is not one of mcp-server. Is this its URL?',
  };
}
