import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { type FastifyReply } from 'fastify';
import { type RunEvent } from './run-event.js';

const PING_MS = 15_000;
/** A stream does not live for ever: a client that lost its token or its interest comes back or does not. */
const MAX_LIFE_MS = 30 * 60_000;
const MAX_BUFFER_BYTES = 256 << 10;
/** A client that takes nothing for so long is cut off, at the latest after twice the time: sockets look only so often. */
const MAX_STALL_MS = 10_000;

/** One event of a run in the text/event-stream format: one line of JSON, whose own line breaks are escaped. [S38] */
export function encode(event: RunEvent, id: (event: RunEvent) => string = (one) => String(one.seq)): string {
  const { runId, seq, at, agent, type, data } = event;
  const json = JSON.stringify({ ...data, runId, seq, at: at.toISOString(), agent });
  return `id: ${id(event)}\nevent: ${type}\ndata: ${json}\n\n`;
}

/**
 * Answers a request with a stream of events. Ends with the source, with the client, with `signal`, after half an hour,
 * and when the client does not read. [S40] Resolves when it is over, with whether the client left before that;
 * `stop` then ends the source.
 */
export async function streamEvents(
  reply: FastifyReply,
  batches: AsyncGenerator<readonly RunEvent[]>,
  stop: AbortController,
  id?: (event: RunEvent) => string,
): Promise<{ left: boolean }> {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 2000\n\n');
  let left = false;
  const leave = () => {
    left = true;
    stop.abort();
  };
  response.on('close', leave).on('error', leave);
  const ping = setInterval(() => response.write(': ping\n\n'), PING_MS);
  const end = setTimeout(() => stop.abort(), MAX_LIFE_MS);
  try {
    for await (const events of batches) {
      for (const event of events) {
        if (!(await send(response, encode(event, id), stop.signal))) return { left: true };
      }
    }
    response.off('close', leave).end();
  } catch {
    response.destroy(); // the headers are out; a broken stream is resumed with Last-Event-ID
  } finally {
    clearInterval(ping);
    clearTimeout(end);
    stop.abort();
  }
  return { left };
}

/** False when the client is gone, or takes nothing for a while; then the stream is cut off. A slow one is waited for. */
async function send(response: ServerResponse, text: string, stop: AbortSignal): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(text) || response.writableLength < MAX_BUFFER_BYTES) return true;
  const waited = new AbortController();
  const until = { signal: AbortSignal.any([stop, waited.signal]) };
  // The timer of the socket begins anew whenever the kernel has taken something.
  response.setTimeout(MAX_STALL_MS);
  const drained = await Promise.race([
    once(response, 'drain', until).then(() => true),
    once(response, 'timeout', until).then(() => false),
    once(response, 'close', until).then(() => false),
  ]).catch(() => false);
  waited.abort();
  response.setTimeout(0);
  if (!drained) response.destroy();
  return drained;
}
