import { fetch as undiciFetch, type RequestInit as UndiciInit } from 'undici';
import { AppError } from '../../common/app-error.js';
import { type AddressRules } from './address-rules.js';
import { boundedResponse, type ResponseBounds } from './bounded-response.js';
import { type EgressAgents } from './egress-agents.js';
import { EgressErrors } from './egress.errors.js';

export type Fetch = typeof globalThis.fetch;

/** One request of a fetch that may take several: it is about to be sent, its URL has been checked. */
export interface Hop {
  readonly url: URL;
  /** What is sent; a credential is set here. */
  readonly headers: Headers;
  /** Have all requests so far gone to one origin? A credential never leaves it. */
  readonly sameOrigin: boolean;
}

export interface GuardOptions extends ResponseBounds {
  readonly rules: AddressRules;
  readonly agents: EgressAgents;
  /** Only these URLs pass, whatever their address: an operator's own variable. */
  readonly only?: (url: URL) => boolean;
  /** Time for the whole answer; undefined leaves it to the caller's signal. */
  readonly timeoutMs?: number;
  readonly maxRedirects: number;
  /** Puts a credential into a request and returns the URL to send it to. That URL is never shown or redirected from. */
  readonly authorise?: (hop: Hop) => Promise<URL>;
}

const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'api-key'];
/** What the connection decides, never a caller. */
const OF_THE_CONNECTION = ['host', 'connection', 'keep-alive', 'te', 'upgrade', 'proxy-connection'];

/**
 * A `fetch` that reaches only what it may: the URL is checked before, the address when it is connected to (the very
 * one that was checked, so a name that resolves differently a moment later gains nothing), and each redirect again.
 * Proxies of the environment are not used. Throws `egress_denied`, `egress_failed`, `egress_timeout`; reading a body
 * that is longer than `maxBytes` when decompressed fails with `egress_too_large`. [S49] [S50] [S51] [S52]
 */
export function guardedFetch(options: GuardOptions): Fetch {
  return async (input, init) => {
    const request = normalise(input, init);
    const timer = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
    const signals = [request.init.signal, timer].filter((signal) => signal instanceof AbortSignal);
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    const explain = (error: unknown) => translate(error, request.init.signal ?? undefined, timer);
    try {
      const { response, url } = await follow(request.url, { ...request.init, signal }, options);
      return boundedResponse(response, url, options, explain);
    } catch (error) {
      throw explain(error);
    }
  };
}

async function follow(
  start: string,
  first: UndiciInit,
  options: GuardOptions,
): Promise<{ response: Response; url: URL }> {
  let init = first;
  let url = parse(start);
  let sameOrigin = true;
  for (let hop = 0; ; hop += 1) {
    const dispatcher = choose(url, options);
    const headers = new Headers(init.headers as Record<string, string>);
    for (const name of OF_THE_CONNECTION) headers.delete(name);
    const target = (await options.authorise?.({ url, headers, sameOrigin })) ?? url;
    const response = await undiciFetch(target, {
      ...init,
      headers: [...headers],
      redirect: 'manual',
      dispatcher,
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return { response, url };
    await response.body?.cancel();
    if (hop >= options.maxRedirects)
      throw EgressErrors.egress_failed(
        options.maxRedirects === 0
          ? 'The remote server redirects, which is not followed here: give the address that it leads to.'
          : 'The remote server redirects too often.',
      );
    const next = parse(location, url);
    if (url.protocol === 'https:' && next.protocol !== 'https:') throw EgressErrors.egress_denied();
    sameOrigin &&= url.origin === next.origin;
    init = redirected(init, response.status, sameOrigin);
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

function choose(url: URL, { rules, only, agents }: GuardOptions): EgressAgents['public'] {
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
