import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync } from 'node:fs';
import path from 'node:path';
import { makeFolder, PROJECT } from './server-process.js';

const NEVER = ['.git', '.data', 'node_modules', 'coverage'];

/**
 * A copy of the project that every user may read, wherever the project itself lies; removed by `cleanUp`. Without
 * dist/ it is what a downloaded archive gives. The packages are hard links, to save time.
 */
export function copyProject({ built }: { readonly built: boolean }): string {
  const around = makeFolder('copy');
  const folder = path.join(around, 'mcp-server');
  const leftOut = new Set(built ? NEVER : [...NEVER, 'dist']);
  cpSync(PROJECT, folder, {
    recursive: true,
    filter: (source) => path.dirname(source) !== PROJECT || !leftOut.has(path.basename(source)),
  });
  const packages = path.join(PROJECT, 'node_modules');
  const { status } = spawnSync('cp', ['-al', packages, folder]);
  if (status !== 0) cpSync(packages, path.join(folder, 'node_modules'), { recursive: true });
  for (const each of [around, folder]) chmodSync(each, 0o755);
  return folder;
}
