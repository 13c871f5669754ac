import { createApp, stopApp } from './app.js';
import { readEnv } from './config/env.js';
import { orExit } from './start/or-exit.js';

// `bin/mcp-server migrate`: the schema and the first rows, then the end. For roles that may not change the schema.
const env = await orExit(() => readEnv());
const app = await orExit(() => createApp(env, { init: false }));
await orExit(() => stopApp(app));
process.stdout.write('The database is up to date\n');
process.exit(0);
