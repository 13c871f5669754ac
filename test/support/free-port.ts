import { createServer } from 'node:net';

/**
 * Below the ports that the kernel gives to connections and to listeners on port 0, so that nobody takes one by chance
 * before it is used; apart for each process, so that no two suites that run at once are given the same.
 */
const [FIRST, COUNT, APART] = [20_000, 12_000, 131];
let given = 0;

/** A port that nobody listens on, for a server that is started later. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + ((process.pid * APART + given) % COUNT);
    given += 1;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
