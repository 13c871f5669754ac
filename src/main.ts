import { createApp, stopApp } from './app.js';
import { readEnv } from './config/env.js';
import { announce } from './start/announce.js';
import { orExit } from './start/or-exit.js';

const env = await orExit(() => readEnv());
const app = await orExit(() => createApp(env));
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second signal of an impatient person ends it at once.
    if (stopping) process.exit(1);
    stopping = true;
    void stopApp(app).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
await orExit(async () => {
  try {
    await app.listen(env.PORT, env.HOST);
  } catch (error) {
    await stopApp(app);
    throw error;
  }
});
await announce(app, env);
