import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, type ServerEvent } from './api-client.js';
import { ApiError, CliError } from './cli-error.js';

/** After one of these the stream of a run is over. */
const LAST_EVENTS = new Set([
  'run.completed',
  'run.failed',
  'run.cancelled',
  'run.expired',
  'run.requires_action',
]);
/** How long a server may be away before a follower gives up: longer than a restart and a take-over take. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 500;

/**
 * The events of a run from `after` on, each once and in order. A broken line, or a server that restarts, is resumed
 * at the last event read (`Last-Event-ID`). Throws when the server stays away or refuses.
 */
export async function* followRun(
  api: ApiClient,
  runId: string,
  signal: AbortSignal,
  after = 0,
): AsyncGenerator<ServerEvent> {
  let last = after;
  let lostSince: number | undefined;
  for (;;) {
    try {
      const path = `/api/v1/runs/${runId}/events`;
      for await (const event of api.stream('GET', path, { lastEventId: String(last), signal })) {
        lostSince = undefined;
        const seq = Number(event.id);
        if (!(seq > last)) continue;
        last = seq;
        yield event;
        if (LAST_EVENTS.has(event.type)) return;
      }
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
    }
    lostSince ??= Date.now();
    if (Date.now() - lostSince > PATIENCE_MS)
      throw new CliError(
        `The line to ${api.url} broke. The run goes on there:  bin/mcp-server runs show ${runId}`,
        69,
      );
    await sleep(RETRY_MS);
  }
}

/** May the same request succeed in a moment? */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.problem.status >= 500 || error.problem.status === 429;
  return !(error instanceof CliError) || error.exitCode === 69;
}
