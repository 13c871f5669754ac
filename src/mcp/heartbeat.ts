import { type ToolProgress } from '../tools/tool.js';

const HEARTBEAT_MS = 15_000;
/** Progress must grow from one report to the next (MCP specification, utilities/progress); a beat is the least growth. */
const BEAT = 1e-6;

/**
 * Clients give up after about 60 seconds without a sign of life. When the client asked for progress it hears a beat
 * every 15 seconds while the call runs, and the progress that the tool reports itself.
 */
export async function withHeartbeat<T>(
  onProgress: ((update: ToolProgress) => void) | undefined,
  work: (onProgress?: (update: ToolProgress) => void) => Promise<T>,
): Promise<T> {
  if (onProgress === undefined) return work();
  let last: number | undefined;
  const report = (update: ToolProgress) => {
    if (last !== undefined && update.progress <= last) return;
    last = update.progress;
    onProgress(update);
  };
  const timer = setInterval(() => report({ progress: (last ?? 0) + BEAT }), HEARTBEAT_MS);
  try {
    return await work(report);
  } finally {
    clearInterval(timer);
  }
}
