// npm run check: style, types and the import law. All of them run, then the exit code says whether all passed.
import { spawnSync } from 'node:child_process';
import { prepare } from './prepare.mjs';

prepare({ build: false });
const CHECKS = [
  ['prettier', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
  ['oxlint', ['node_modules/oxlint/bin/oxlint', '--quiet', 'src', 'migrations', 'test', 'scripts', 'bench']],
  ['tsc', ['node_modules/typescript/bin/tsc', '--noEmit']],
  [
    'eslint',
    ['node_modules/eslint/bin/eslint.js', '--cache', '--cache-location', 'node_modules/.cache/eslint/', '.'],
  ],
  [
    'import law',
    [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err',
      'src',
      'migrations',
    ],
  ],
];
let failed = 0;
for (const [name, args] of CHECKS) {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
