import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const law = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: { name: string }[];
};

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

/** One planted offence a rule: the file that offends and what it imports. Files it imports exist, see FILES. */
const OFFENCES: Readonly<Record<string, readonly [file: string, code: string]>> = {
  'no-cycles': ['src/tools/cycle-a.ts', `import { b } from './cycle-b.js'; export const a = () => b;`],
  'no-barrels': ['src/tools/uses-barrel.ts', `export { one } from './sub/index.js';`],
  'no-orphans': ['src/tools/orphan.ts', `export const lonely = 1;`],
  'no-tests-in-src': ['src/tools/uses-test.ts', `export { one } from '../../test/support/one.js';`],
  'no-dev-dependencies': ['src/tools/uses-dev.ts', `import fc from 'fast-check'; export const x = fc;`],
  'common-is-a-leaf': ['src/common/climbs.ts', `export { one } from '../config/one.js';`],
  'config-knows-only-common': ['src/config/climbs.ts', `export { one } from '../platform/one.js';`],
  'platform-knows-no-feature': ['src/platform/climbs.ts', `export { one } from '../tools/one.js';`],
  'ring-audit': ['src/audit/climbs.ts', `export { one } from '../users/one.js';`],
  'ring-users': ['src/users/climbs.ts', `export { one } from '../sessions/one.js';`],
  'ring-sessions': ['src/sessions/climbs.ts', `export { one } from '../auth/one.js';`],
  'ring-auth': ['src/auth/climbs.ts', `export { one } from '../conversations/one.js';`],
  'ring-conversations': ['src/conversations/climbs.ts', `export { one } from '../tools/one.js';`],
  'ring-tools': ['src/tools/climbs.ts', `export { one } from '../agents/one.js';`],
  'ring-agents': ['src/agents/climbs.ts', `export { one } from '../runs/one.js';`],
  'ring-runs': ['src/runs/climbs.ts', `export { one } from '../mcp/one.js';`],
  'ring-privacy': ['src/privacy/climbs.ts', `export { one } from '../openai/one.js';`],
  'ring-mcp': ['src/mcp/aside.ts', `export { one } from '../openai/one.js';`],
  'ring-openai': ['src/openai/aside.ts', `export { one } from '../a2a/one.js';`],
  'ring-a2a': ['src/a2a/aside.ts', `export { one } from '../mcp/one.js';`],
  'nothing-needs-health': ['src/runs/needs-health.ts', `export { one } from '../health/one.js';`],
  'cli-talks-http': ['src/cli/reaches-in.ts', `export { one } from '../runs/one.js';`],
  'controller-only-services': [
    'src/tools/short.controller.ts',
    `import { one } from './one.repository.js'; export const x = one;`,
  ],
  'repository-knows-no-transport': [
    'src/tools/back.repository.ts',
    `import { type One } from './one.dto.js'; export type X = One;`,
  ],
  'service-knows-no-transport': [
    'src/tools/back.service.ts',
    `import { one } from './one.module.js'; export const x = one;`,
  ],
  'other-features-only-by-service': [
    'src/agents/around.service.ts',
    `import { one } from '../tools/one.repository.js'; export const x = one;`,
  ],
  'typeorm-only-in-repositories': [
    'src/tools/sql.service.ts',
    `import { DataSource } from 'typeorm'; export const x = DataSource;`,
  ],
  'langchain-only-in-models-and-engine': [
    'src/tools/chain.service.ts',
    `export const x = () => import('@langchain/core/messages');`,
  ],
  'mcp-sdk-only-in-its-doors': [
    'src/tools/sdk.service.ts',
    `import { type Tool } from '@modelcontextprotocol/sdk/types.js'; export type X = Tool;`,
  ],
  'network-only-in-egress': [
    'src/tools/net.service.ts',
    `import { request } from 'node:https'; export const x = request;`,
  ],
  'queue-library-only-in-platform-queue': [
    'src/runs/jobs.service.ts',
    `import { Queue } from 'bullmq'; export const x = Queue;`,
  ],
  'redis-only-in-platform': [
    'src/sessions/cache.service.ts',
    `import { createClient } from '@redis/client'; export const x = createClient;`,
  ],
};

const ONE = 'export const one = 1;\nexport type One = number;\n';
const FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['config/one', 'platform/one', 'users/one', 'sessions/one', 'auth/one', 'conversations/one'],
      ...['tools/one', 'tools/sub/index', 'tools/one.repository', 'tools/one.module', 'tools/one.dto'],
      ...['agents/one', 'runs/one', 'mcp/one', 'openai/one', 'a2a/one', 'health/one'],
    ].map((file) => [`src/${file}.ts`, ONE]),
  ),
  'src/tools/cycle-b.ts': `import { a } from './cycle-a.js'; export const b = () => a;`,
  'test/support/one.ts': ONE,
  // What is allowed beside each offence, and must stay so.
  'src/runs/allowed.service.ts': `export { one } from '../agents/one.js'; export type { One } from '../tools/one.js';`,
  'src/platform/egress/allowed.ts': `import { request } from 'node:https'; export const x = request;`,
  'src/tools/types-only.service.ts': `import { type IncomingMessage } from 'node:http'; export type X = IncomingMessage;`,
};

function cruise(folder: string): Violation[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'],
      ...(folder === root ? ['migrations'] : []),
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 256 << 20 },
  );
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

describe('the import law', () => {
  let folder: string;
  let violations: Violation[];
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-law-'));
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      cpSync(path.join(root, name), path.join(folder, name));
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    for (const [file, code] of [...Object.values(OFFENCES), ...Object.entries(FILES)]) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), code);
    }
    violations = cruise(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has one planted offence for every rule', () => {
    expect(Object.keys(OFFENCES).sort()).toEqual(law.forbidden.map((rule) => rule.name).sort());
  });

  it.each(Object.entries(OFFENCES))('catches %s', (rule, [file]) => {
    expect(violations.filter((found) => found.from === file).map((found) => found.rule.name)).toContain(rule);
  });

  it('lets through what is allowed', () => {
    const offenders = violations
      .filter((found) => found.rule.name !== 'no-orphans')
      .map((found) => found.from);
    expect(offenders.filter((file) => /allowed|types-only/.test(file))).toEqual([]);
  });

  it('is kept by src/ and migrations/', () => {
    expect(cruise(root).map((found) => `${found.rule.name}: ${found.from} -> ${found.to}`)).toEqual([]);
  });
});

describe('what imports do not show', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-law-'));
    cpSync(path.join(root, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const rulesHitBy = (file: string, code: string): string[] => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), code);
    const { stdout } = spawnSync(
      process.execPath,
      [path.join(root, 'node_modules/oxlint/bin/oxlint'), '-c', '.oxlintrc.json', '--format', 'json', file],
      { cwd: folder, encoding: 'utf8' },
    );
    return (JSON.parse(stdout) as { diagnostics: { code: string }[] }).diagnostics.map((one) => one.code);
  };

  it('reads process.env in config/ only', () => {
    const code = 'export const x = process.env.HOME;\n';
    expect(rulesHitBy('src/tools/a.ts', code)).toEqual(['node(no-process-env)']);
    expect(rulesHitBy('src/config/a.ts', code)).toEqual([]);
  });

  it.each(['fetch("http://a.example")', 'globalThis.fetch("http://a.example")', 'new WebSocket("ws://a")'])(
    'calls %s in platform/egress only',
    (call) => {
      const code = `export const x = () => ${call};\n`;
      expect(rulesHitBy('src/tools/b.ts', code)).toHaveLength(1);
      expect(rulesHitBy('src/platform/egress/b.ts', code)).toEqual([]);
    },
  );
});
