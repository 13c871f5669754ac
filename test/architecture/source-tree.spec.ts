import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { declaredErrors } from '../../src/common/app-error.js';
import { ENV_SCHEMA } from '../../src/config/env.schema.js';
import { EXIT_CODES } from '../../src/config/exit-codes.js';
import { STATUS } from '../../src/platform/http/problem.filter.js';
import { renderConfiguration, renderErrors } from '../../scripts/docs/render.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const files = ['src', 'migrations', 'test'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file)),
);
const sources = files.filter((file) => !file.startsWith('test'));
/** The programs: importing one runs it. test/lifecycle does. */
const PROGRAMS = ['src/main.ts', 'src/migrate.ts'];

describe('source files', () => {
  it.each(sources.filter((file) => !PROGRAMS.includes(file)))('%s loads as an ES module', async (file) => {
    await expect(import(path.join(root, file))).resolves.toBeDefined();
  });

  it('are no barrels', () => {
    expect(files.filter((file) => path.basename(file) === 'index.ts')).toEqual([]);
  });

  it('stay under 400 lines', () => {
    const long = files.filter((file) => readFileSync(path.join(root, file), 'utf8').split('\n').length > 400);
    expect(long).toEqual([]);
  });

  it('name no `utils`, `helpers` or `misc`', () => {
    expect(files.filter((file) => /(^|[/.-])(utils?|helpers?|misc)([/.-]|$)/.test(file))).toEqual([]);
  });

  it('hold no forwardRef and no unfinished work', () => {
    const found = sources.filter((file) =>
      /forwardRef\(|\b(TODO|FIXME|XXX)\b/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(found).toEqual([]);
  });
});

describe('pages made from code (mend with: npm run docs)', () => {
  it('docs/errors.md lists exactly the declared codes', async () => {
    for (const file of sources.filter((name) => !PROGRAMS.includes(name)))
      await import(path.join(root, file));
    const page = readFileSync(path.join(root, 'docs/errors.md'), 'utf8');
    expect(page).toBe(renderErrors(declaredErrors(), STATUS));
  });

  it('docs/configuration.md lists exactly the variables and exit codes', () => {
    const page = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');
    expect(page).toBe(renderConfiguration(ENV_SCHEMA, EXIT_CODES));
    expect(Object.entries(ENV_SCHEMA.shape).filter(([, field]) => field.description === undefined)).toEqual(
      [],
    );
  });
});
