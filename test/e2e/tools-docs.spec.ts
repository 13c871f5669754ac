import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server?.stop());

it('docs/tools.md lists the built-in tools with their parameters, results and limits', async () => {
  const page = readFileSync('docs/tools.md', 'utf8');
  const rows = new Map(
    page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name = '', ...cells]) => [name.replaceAll('`', ''), cells]),
  );
  const token = await server.login();
  const { items } = (await server.call('GET', '/api/v1/tools?limit=100&kind=builtin', { token })).body;
  const documented = items.filter((tool: { name: string }) => rows.has(tool.name));
  expect([...rows.keys()]).toEqual(documented.map((tool: { name: string }) => tool.name));
  for (const tool of documented) {
    const [input = '', output = '', limits = ''] = rows.get(tool.name) ?? [];
    for (const name of Object.keys(tool.inputSchema.properties))
      expect([tool.name, input]).toEqual([tool.name, expect.stringContaining(`\`${name}\``)]);
    for (const name of Object.keys(tool.outputSchema.properties))
      expect([tool.name, output]).toEqual([tool.name, expect.stringContaining(`\`${name}\``)]);
    for (const property of Object.values<{ description?: string }>(tool.inputSchema.properties))
      expect(property.description).toBeTruthy();
    if (tool.policy.timeoutMs !== 30_000) expect(limits).toContain(`${tool.policy.timeoutMs / 1000} s`);
    if (tool.policy.concurrency !== 16) expect(limits).toContain(`${tool.policy.concurrency} at once`);
    expect(limits.includes('off by default')).toBe(!tool.enabled);
  }
  const own = [
    'tools/builtin/all.ts',
    'tools/tools.module.ts',
    'tools/tool-results/tool-results.module.ts',
    'agents/agents.module.ts',
  ]
    .map((file) => readFileSync(`src/${file}`, 'utf8'))
    .join('');
  const count = own.match(/from '\.[^']*\.tool\.js'/g)?.length;
  expect(rows.size).toBe(count);
});
