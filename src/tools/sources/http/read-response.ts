import { statusLine } from '../../../platform/egress/reason-phrase.js';
import { type ToolResponse } from '../../define-tool.js';
import { HttpToolErrors } from './http.errors.js';

/** What a tool reads; anything else is refused before its body. [S54] */
export const READABLE_TYPES = ['application/json', '+json', 'text/*', 'application/xml', '+xml'];
const MAX_RETRY_SECONDS = 86_400;

/**
 * The result of a call: JSON as data and text, other texts as text. Throws `remote_refused` (4xx), `remote_failed`
 * (5xx, 429, an unexpected redirect) with the status only: an error page may quote anything. [R21]
 */
export async function readResponse(response: Response): Promise<ToolResponse> {
  const { status } = response;
  const reason = statusLine(status);
  if (status >= 300) {
    await response.body?.cancel();
    throw failure(status, reason, response.headers.get('retry-after'));
  }
  const text = (await response.text()).toWellFormed().replaceAll('\0', '');
  if (text === '') return { content: [{ type: 'text', text: `The server answered ${reason}.` }] };
  if (!/^[^;]*[/+]json\s*(?:;|$)/i.test(response.headers.get('content-type') ?? ''))
    return { content: [{ type: 'text', text }] };
  const value = parse(text);
  return {
    content: [{ type: 'text', text: JSON.stringify(value) }],
    ...(typeof value === 'object' && value !== null && { structuredContent: value }),
  };
}

function failure(status: number, reason: string, retryAfter: string | null): Error {
  const seconds = retrySeconds(retryAfter);
  const hint =
    status === 401 || status === 403
      ? ' The credential of the tool is missing or not good enough.'
      : seconds === undefined
        ? ''
        : ` It may be tried again after ${seconds} s.`;
  const text = `The remote server answered ${reason}.${hint}`;
  return status >= 500 || status === 429 || status < 400
    ? HttpToolErrors.remote_failed(text, { retryAfter: seconds })
    : HttpToolErrors.remote_refused(text);
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function retrySeconds(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) && seconds >= 0
    ? Math.min(Math.ceil(seconds), MAX_RETRY_SECONDS)
    : undefined;
}

/** Keys that could reach a prototype are dropped; everything else stays the data that it is. [S33] [S58] */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value)) as unknown;
  } catch (error) {
    throw HttpToolErrors.remote_invalid_json(undefined, { cause: error });
  }
}
