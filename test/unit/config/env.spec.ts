import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, isProduction, publicUrl, readEnv } from '../../../src/config/env.js';
import { ENV_SCHEMA } from '../../../src/config/env.schema.js';

const GARBAGE = '\u0001 not a valid value of anything ://:';
/** Variables that take any text: a wrong value shows when it is used. */
const FREE = [
  ...['DATA_DIR', 'DATABASE_CA_FILE', 'EXTENSIONS_DIR', 'MCP_SERVERS_FILE', 'METRICS_HOST'],
  ...['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GOOGLE_API_KEY', 'AZURE_OPENAI_API_KEY', 'MISTRAL_API_KEY'],
  ...['GROQ_API_KEY', 'MODEL_PRICES_FILE', 'SQL_DATABASES_FILE', 'ADMIN_PASSWORD'],
  ...['ALLOWED_HOSTS', 'ALLOWED_ORIGINS', 'EGRESS_ALLOW', 'LLM_FALLBACKS', 'WORKSPACE_DIRS'],
];

const KEY = `k1:${randomBytes(32).toString('base64')}`;

function problemsOf(source: Record<string, string>): readonly string[] {
  try {
    readEnv(source);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the environment', () => {
  it('needs nothing', () => {
    expect(problemsOf({})).toEqual([]);
  });

  const strict = Object.keys(ENV_SCHEMA.shape).filter((name) => !FREE.includes(name));

  it.each(strict)('[R44] [S10] a bad %s is named, and its value is not', (name) => {
    const problems = problemsOf({ [name]: GARBAGE });
    expect(problems.some((problem) => problem.startsWith(`${name} `))).toBe(true);
    expect(problems.join('\n')).not.toContain(GARBAGE);
    expect(problems.join('\n')).not.toContain('undefined');
  });

  it('[R44] names every bad variable at once', () => {
    const problems = problemsOf(Object.fromEntries(strict.map((name) => [name, GARBAGE])));
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([...strict].sort());
  });

  it('counts an empty value as unset', () => {
    expect(readEnv({ PORT: '', LLM_MODEL: '' })).toMatchObject({ PORT: 8000, LLM_MODEL: 'builtin:planner' });
  });

  it.each([
    [{ HOST: '0.0.0.0' }, 'PUBLIC_URL'],
    [{ DATABASE_URL: 'postgres://a@b/c' }, 'ENCRYPTION_KEYS'],
    [{ QUEUE: 'redis' }, 'QUEUE_REDIS_URL'],
    [{ DATABASE_DIRECT_URL: 'postgres://a@b/c' }, 'DATABASE_DIRECT_URL'],
  ])('%j: says what %s has to be', (source, name) => {
    expect(problemsOf(source as Record<string, string>).some((problem) => problem.startsWith(name))).toBe(
      true,
    );
  });

  it.each([
    ['a short key', `k1:${randomBytes(16).toString('base64')}`],
    ['one id twice', `${KEY},${KEY}`],
    ['no id', randomBytes(32).toString('base64')],
  ])('[S10] ENCRYPTION_KEYS with %s is refused', (_name, value) => {
    const problems = problemsOf({ ENCRYPTION_KEYS: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain(value);
  });

  it.each(['opnai:gpt-5-mini', 'gemini:google', 'builtin:other', 'gpt-5-mini'])(
    'refuses %s, which no provider can answer, at start',
    (model) => {
      expect(problemsOf({ LLM_MODEL: model })).toEqual([
        expect.stringMatching(/^LLM_MODEL must be .*openai:/),
      ]);
      expect(problemsOf({ LLM_FALLBACKS: `openai:a,${model}` })).toEqual([
        expect.stringMatching(/^LLM_FALLBACKS must be /),
      ]);
    },
  );

  it('refuses rules as a fallback of an LLM', () => {
    expect(problemsOf({ LLM_FALLBACKS: 'builtin:planner' })).toHaveLength(1);
  });

  it('knows production by NODE_ENV or by a HOST that others reach', () => {
    expect(isProduction(readEnv({}))).toBe(false);
    expect(isProduction(readEnv({ NODE_ENV: 'production' }))).toBe(true);
    expect(isProduction(readEnv({ HOST: '0.0.0.0', PUBLIC_URL: 'https://a.example' }))).toBe(true);
  });

  it('makes the public URL from HOST and PORT unless it is given', () => {
    expect(publicUrl(readEnv({ HOST: '::1' }))).toBe('http://[::1]:8000');
    expect(publicUrl(readEnv({ PUBLIC_URL: 'https://a.example/' }))).toBe('https://a.example');
  });
});

describe('<NAME>_FILE', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-env-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives the value of a file, without its last line end', () => {
    const file = path.join(folder, 'key');
    writeFileSync(file, `${KEY}\n`);
    expect(readEnv({ ENCRYPTION_KEYS_FILE: file }).ENCRYPTION_KEYS).toEqual([KEY]);
  });

  it.each(Object.keys(ENV_SCHEMA.shape).filter((name) => !name.endsWith('_FILE')))('works for %s', (name) => {
    const file = path.join(folder, 'missing');
    expect(problemsOf({ [`${name}_FILE`]: file })).toEqual([
      `${name} cannot be read: ${name}_FILE does not name a readable file`,
    ]);
  });

  it('refuses both at once', () => {
    expect(problemsOf({ PORT: '1', PORT_FILE: path.join(folder, 'key') })).toEqual([
      'PORT is set twice, directly and by PORT_FILE: keep one',
    ]);
  });
});
