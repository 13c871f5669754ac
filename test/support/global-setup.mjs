// One PostgreSQL for the whole run, from the product's own launcher; each test file makes a database of its own in it.
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformSync } from '@swc/core';

export default async () => {
  const { EmbeddedPostgres } = await import(compileLauncher());
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-pg-'));
  globalThis.testPostgres = await EmbeddedPostgres.start(folder);
  globalThis.testPostgresFolder = folder;
  process.env.TEST_DATABASE_SERVER = globalThis.testPostgres.url;
};

/** Jest does not transform what global setup imports, so the launcher's few files are compiled here. */
function compileLauncher() {
  const from = path.resolve(import.meta.dirname, '../../src/platform/database/embedded');
  const to = path.resolve(import.meta.dirname, '../../node_modules/.cache/mcp-server-launcher');
  const { $schema: _, ...swc } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../.swcrc'), 'utf8'),
  );
  mkdirSync(to, { recursive: true });
  writeFileSync(path.join(to, 'package.json'), '{"type":"module"}');
  for (const name of readdirSync(from)) {
    const { code } = transformSync(readFileSync(path.join(from, name), 'utf8'), {
      ...swc,
      swcrc: false,
      sourceMaps: false,
      module: { type: 'es6' },
    });
    writeFileSync(path.join(to, name.replace(/\.ts$/, '.js')), code);
  }
  return path.join(to, 'embedded-postgres.js');
}
