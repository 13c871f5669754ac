import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent, fetch as undiciFetch, type RequestInit as UndiciInit } from 'undici';
import { AppError } from '../../common/app-error.js';
import { type AddressRules } from './address-rules.js';
import { EgressErrors } from './egress.errors.js';

export type Fetch = typeof globalThis.fetch;
export type Lookup = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardOptions {
  readonly rules: AddressRules;
  /** Only these URLs pass, whatever their address: an operator's own variable. */
  readonly only?: (url: URL) => boolean;
  readonly maxBytes: number;
  /** Time for the whole answer; undefined leaves it to the caller's signal. */
  readonly timeoutMs?: number;
  readonly maxRedirects: number;
  readonly lookup?: Lookup;
}

const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'api-key'];

/**
 * A `fetch` that reaches only what it may: the URL is checked before, the address when it is connected to (the very
 * one that was checked, so a name that resolves differently a moment later gains nothing), and each redirect again.
 * Proxies of the environment are not used. Throws `egress_denied`, `egress_failed`, `egress_timeout`; reading a body
 * that is longer than `maxBytes` fails with `egress_too_large`. [S49] [S50] [S51] [S52]
 */
export function guardedFetch(options: GuardOptions): Fetch {
  const agents = {
    public: new Agent({
      connect: { lookup: checkedLookup(options, (address) => options.rules.admitsAddress(address)) as never },
    }),
    ranged: new Agent({
      connect: { lookup: checkedLookup(options, (address) => options.rules.inRange(address)) as never },
    }),
    listed: new Agent(),
  };
  return async (input, init) => {
    const request = normalise(input, init);
    const timer = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
    const signals = [request.init.signal, timer].filter((signal) => signal instanceof AbortSignal);
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    try {
      return await follow(request.url, { ...request.init, signal }, options, agents);
    } catch (error) {
      throw translate(error, request.init.signal ?? undefined, timer);
    }
  };
}

type Agents = Readonly<Record<'public' | 'ranged' | 'listed', Agent>>;

async function follow(
  start: string,
  first: UndiciInit,
  options: GuardOptions,
  agents: Agents,
): Promise<Response> {
  let init = first;
  let url = parse(start);
  for (let hop = 0; ; hop += 1) {
    const response = await undiciFetch(url, {
      ...init,
      redirect: 'manual',
      dispatcher: choose(url, options, agents),
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null)
      return limited(response, url, options.maxBytes);
    await response.body?.cancel();
    if (hop >= options.maxRedirects)
      throw EgressErrors.egress_failed('The remote server redirects too often.');
    const next = parse(location, url);
    if (url.protocol === 'https:' && next.protocol !== 'https:') throw EgressErrors.egress_denied();
    init = redirected(init, response.status, url.origin === next.origin);
    url = next;
  }
}

function parse(text: string, base?: URL): URL {
  try {
    return new URL(text, base);
  } catch {
    throw EgressErrors.egress_denied();
  }
}

function choose(url: URL, { rules, only }: GuardOptions, agents: Agents): Agent {
  if (only !== undefined) {
    if (!only(url)) throw EgressErrors.egress_denied();
    return agents.listed;
  }
  if (!rules.admits(url)) throw EgressErrors.egress_denied();
  if (rules.isListed(url)) return agents.listed;
  return rules.needsRange(url) ? agents.ranged : agents.public;
}

/** Credentials stay with the origin they were meant for; a body is not sent to another one. */
function redirected(init: UndiciInit, status: number, sameOrigin: boolean): UndiciInit {
  const headers = new Headers(init.headers as Record<string, string>);
  if (!sameOrigin) for (const name of CREDENTIALS) headers.delete(name);
  const method = (init.method ?? 'GET').toUpperCase();
  const becomesGet = status === 303 || (status < 303 && method === 'POST');
  const hasBody = init.body !== undefined && init.body !== null;
  if (hasBody && !becomesGet && !sameOrigin) throw EgressErrors.egress_denied();
  if (!becomesGet) return { ...init, headers: [...headers] };
  for (const name of ['content-type', 'content-length', 'content-encoding']) headers.delete(name);
  return { ...init, method: method === 'HEAD' ? 'HEAD' : 'GET', body: undefined, headers: [...headers] };
}

/** All addresses of a name must be allowed: one that is not makes the name suspicious. */
function checkedLookup({ lookup = systemLookup }: GuardOptions, allowed: (address: string) => boolean) {
  return (
    hostname: string,
    wanted: { all?: boolean },
    callback: (error: Error | null, address?: string | LookupAddress[], family?: number) => void,
  ): void => {
    lookup(hostname, { all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error('no address'));
      if (!addresses.every(({ address }) => allowed(address))) return callback(EgressErrors.egress_denied());
      if (wanted.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** The same response with a body that ends with an error after `maxBytes`. */
function limited(response: Response, url: URL, maxBytes: number): Response {
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    void response.body?.cancel();
    throw EgressErrors.egress_too_large();
  }
  if (response.body === null) return response;
  let size = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > maxBytes) controller.error(EgressErrors.egress_too_large());
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  const copy = new Response(response.body.pipeThrough(counter), {
    status,
    statusText,
    headers: [...headers],
  });
  Object.defineProperty(copy, 'url', { value: url.href });
  return copy;
}

function normalise(input: Parameters<Fetch>[0], init: RequestInit = {}): { url: string; init: UndiciInit } {
  if (!(input instanceof Request)) return { url: String(input), init: init as UndiciInit };
  const { method, headers, body, signal } = input;
  const request = { method, headers: [...headers], signal, ...(body && { body, duplex: 'half' as const }) };
  return { url: input.url, init: { ...request, ...init } as UndiciInit };
}

function translate(error: unknown, caller: AbortSignal | undefined, timer: AbortSignal | undefined): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof AppError) return cause;
  if (caller?.aborted) return error;
  if (timer?.aborted) return EgressErrors.egress_timeout(undefined, { cause: error });
  return EgressErrors.egress_failed(undefined, { cause: error });
}
