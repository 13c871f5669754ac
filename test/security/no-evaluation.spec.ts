import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../../src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.[cm]?[jt]s$/.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
/** The source without comments: they may speak of what the code must not do. */
const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const filesWith = (pattern: RegExp) =>
  files.filter(({ text }) => pattern.test(code(text))).map(({ file }) => file);

describe('no text of a user or a model becomes code [S57]', () => {
  it.each([
    ['eval', /(?<![.\w])eval\s*\(|\(0,\s*eval\)/],
    ['the Function constructor', /\bnew\s+Function\b|(?<![.\w])Function\s*\(|\.constructor\s*\(\s*['"`]/],
    [
      'node:vm and its likes',
      /['"](node:)?(vm|repl)['"]|['"](vm2|isolated-vm|jsonata|handlebars|ejs|nunjucks)['"]/,
    ],
    ['timers that take a text', /\bset(Timeout|Interval|Immediate)\s*\(\s*['"`]/],
    ['WebAssembly', /\bWebAssembly\b/],
  ])('src has no %s', (_name, pattern) => {
    expect(files.length).toBeGreaterThan(100);
    expect(filesWith(pattern)).toEqual([]);
  });

  it('names Ajv as the one exception, in one file, behind the probe', () => {
    const importers = filesWith(/from ['"]ajv(\/[^'"]*)?['"]|from ['"]ajv-formats['"]/).filter((file) =>
      /import (?!type\b|\{ type \w+ \} from)/.test(
        files.find((each) => each.file === file)?.text.match(/^import.*['"]ajv.*$/m)?.[0] ?? '',
      ),
    );
    expect(importers).toEqual([path.join('tools', 'schema', 'ajv.js')]);
    const compilers = filesWith(/from ['"]\.{1,2}\/(schema\/)?ajv\.js['"]/);
    expect(compilers.sort()).toEqual(
      ['schema-probe.worker.js', 'validator.ts'].map((file) => path.join('tools', 'schema', file)),
    );
  });

  it('reads YAML as data: no custom tags, no code', () => {
    const readers = files.filter(({ text }) => /from ['"]yaml['"]/.test(text));
    expect(readers.length).toBeGreaterThan(0);
    for (const { file, text } of readers) expect([file, /customTags/.test(text)]).toEqual([file, false]);
  });
});
