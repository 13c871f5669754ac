import { createApp, stopApp } from './app.js';
import { readEnv } from './config/env.js';
import { announce } from './start/announce.js';
import { orExit } from './start/or-exit.js';
import { warmUp } from './start/warm-up.js';

const env = await orExit(() => readEnv());
const starting = createApp(env);
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
const app = await orExit(() => starting);
await orExit(async () => {
  try {
    if (!stopping) await app.listen(env.PORT, env.HOST);
  } catch (error) {
    await stopApp(app);
    throw error;
  }
});
if (!stopping) await announce(app, env);
if (!stopping) await warmUp(app, env);

/** A signal that comes during the start is obeyed as soon as there is something to stop. A repeated one changes nothing. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  // Whatever hangs, the process ends: running work is another worker's by then.
  setTimeout(() => process.exit(1), (env.SHUTDOWN_SECONDS + 5) * 1000).unref();
  void starting.then(stopApp).then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
