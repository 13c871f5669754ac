/** Why a piece of work was ended from outside. */
export class Ended extends Error {
  constructor(readonly why: 'timeout' | 'cancelled') {
    super(why);
  }
}

/**
 * Runs work that must end: its signal aborts at the deadline and when the caller's does, and the wait ends then too,
 * even when the work never settles. Rejects with `Ended`.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  caller: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let end: (why: Ended['why']) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    end = (why) => {
      const reason = new Ended(why);
      controller.abort(reason);
      reject(reason);
    };
  });
  ended.catch(() => undefined);
  const timer = setTimeout(() => end('timeout'), timeoutMs);
  const onAbort = () => end('cancelled');
  // AbortSignal.any would keep every call alive as long as the run's signal lives.
  caller?.addEventListener('abort', onAbort, { once: true });
  if (caller?.aborted) onAbort();
  try {
    return await Promise.race([ended, controller.signal.aborted ? ended : work(controller.signal)]);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', onAbort);
  }
}
