import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Found from the source tree and from dist/ alike.
const packageFile = ['../../package.json', '../../../package.json']
  .map((relative) => new URL(relative, import.meta.url))
  .find((file) => existsSync(file));

/** Version of this build, from package.json. */
export const VERSION = (
  JSON.parse(readFileSync(packageFile ?? 'package.json', 'utf8')) as { version: string }
).version;

/**
 * Commit of this build: of the file `.commit` that an image build writes beside package.json, else of the checkout.
 * Null in an unpacked archive.
 */
export const COMMIT = readCommit();

function readCommit(): string | null {
  const root = fileURLToPath(new URL('.', packageFile ?? import.meta.url));
  try {
    const file = `${root}.commit`;
    const commit = existsSync(file)
      ? readFileSync(file, 'utf8')
      : existsSync(`${root}.git`)
        ? execFileSync('git', ['-C', root, 'rev-parse', 'HEAD'], {
            stdio: ['ignore', 'pipe', 'ignore'],
            timeout: 1000,
          })
        : '';
    return /^[0-9a-f]{40,64}/.exec(commit.toString())?.[0] ?? null;
  } catch {
    return null;
  }
}
