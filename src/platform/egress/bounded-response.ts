import { EgressErrors } from './egress.errors.js';

export interface ResponseBounds {
  /** Bytes after decompression. [R20] */
  readonly maxBytes: number;
  /** Media types that may be read, e.g. `application/json`; `+json` and `text/*` match by suffix and prefix. */
  readonly contentTypes?: readonly string[];
}

/**
 * The same response with a body that ends with `egress_too_large` after `maxBytes`. Its errors pass `explain`, so that
 * a deadline in the middle of a body looks like one before it. Throws `egress_too_large`, `egress_content_type`.
 */
export function boundedResponse(
  response: Response,
  url: URL,
  { maxBytes, contentTypes }: ResponseBounds,
  explain: (error: unknown) => unknown,
): Response {
  const refuse = (reason: Error) => {
    response.body?.cancel().catch(() => undefined);
    throw reason;
  };
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) refuse(EgressErrors.egress_too_large());
  if (response.body === null) return named(response, url);
  // Of an error only the status is read, so its kind of content does not matter.
  if (
    response.ok &&
    contentTypes !== undefined &&
    !matches(response.headers.get('content-type'), contentTypes)
  )
    refuse(EgressErrors.egress_content_type());
  const { status, statusText, headers } = response;
  const body = counted(response.body.getReader(), maxBytes, explain);
  return named(new Response(body, { status, statusText, headers: [...headers] }), url);
}

function counted(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  explain: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          size += value.byteLength;
          if (size <= maxBytes) return controller.enqueue(value);
          controller.error(EgressErrors.egress_too_large());
          await reader.cancel();
        } catch (error) {
          controller.error(explain(error));
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** No Content-Type at all is only fine where anything is. */
function matches(header: string | null, allowed: readonly string[]): boolean {
  const type = (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return allowed.some(
    (one) =>
      one === type ||
      (one.endsWith('/*') && type.startsWith(one.slice(0, -1))) ||
      (one.startsWith('+') && type.endsWith(one)),
  );
}

function named(response: Response, url: URL): Response {
  Object.defineProperty(response, 'url', { value: url.href });
  return response;
}
