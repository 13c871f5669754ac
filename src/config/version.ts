import { existsSync, readFileSync } from 'node:fs';

// Found from the source tree and from dist/ alike.
const packageFile = ['../../package.json', '../../../package.json']
  .map((relative) => new URL(relative, import.meta.url))
  .find((file) => existsSync(file));

/** Version of this build, from package.json. */
export const VERSION = (
  JSON.parse(readFileSync(packageFile ?? 'package.json', 'utf8')) as { version: string }
).version;
