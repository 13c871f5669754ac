import { setTimeout as delay } from 'node:timers/promises';
import { type Client, type RequestOptions } from '@modelcontextprotocol/client';
import { z } from 'zod';

const MIN_POLL_MS = 100;
const MAX_POLL_MS = 5_000;
const CANCEL_MS = 2_000;

const Task = z.looseObject({
  taskId: z.string().min(1).max(500),
  status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
  statusMessage: z.string().optional(),
  pollInterval: z.number().optional(),
});
const Created = z.looseObject({ task: Task });
const Ignored = z.looseObject({});

export interface TaskCallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onProgress: (progress: { progress: number; message?: string }) => void;
}

/**
 * Calls a tool that answers only to a task (MCP 2025-11-25, tasks, `execution.taskSupport: "required"`): starts it,
 * asks for it until it has ended, fetches its result. An aborted call cancels the task.
 */
export async function callAsTask<T extends z.ZodType>(
  client: Client,
  params: { readonly name: string; readonly arguments: Record<string, unknown> },
  result: T,
  { signal, timeoutMs, onProgress }: TaskCallOptions,
): Promise<z.output<T>> {
  const options: RequestOptions = { signal, timeout: timeoutMs };
  const started = await client.request(
    { method: 'tools/call', params: { ...params, task: { ttl: timeoutMs } } },
    Created,
    options,
  );
  const { taskId } = started.task;
  let { task } = started;
  try {
    for (let looks = 1; task.status === 'working'; looks += 1) {
      const wait = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, task.pollInterval ?? 1_000));
      await delay(wait, undefined, { signal });
      task = await client.request({ method: 'tasks/get', params: { taskId } }, Task, options);
      onProgress({ progress: looks, message: task.statusMessage?.slice(0, 500) });
    }
    // Also the way to a failed task's error, and to what a waiting one asks: that is refused, nobody is asked here.
    return (await client.request(
      { method: 'tasks/result', params: { taskId } },
      result,
      options,
    )) as z.output<T>;
  } catch (error) {
    client
      .request({ method: 'tasks/cancel', params: { taskId } }, Ignored, { timeout: CANCEL_MS })
      .catch(() => undefined);
    throw error;
  }
}
