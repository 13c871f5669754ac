let queue: Promise<unknown> = Promise.resolve();

/**
 * Loads a library when it is first needed, once, and never two at the same time: parallel imports of graphs that
 * overlap break under Jest's module loader, and in production they would only compete for the same disk.
 */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    if (loaded !== undefined) return loaded;
    const mine = queue.then(load);
    queue = mine.catch(() => undefined);
    loaded = mine;
    return mine;
  };
}
