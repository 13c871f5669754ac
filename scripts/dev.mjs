// npm run dev: builds, starts, and starts again at every change of a source file.
import { spawn } from 'node:child_process';
import { prepare } from './prepare.mjs';

prepare();
const child = spawn(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'start', '--watch'], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
