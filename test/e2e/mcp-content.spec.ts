import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modern, openLegacy } from '../support/mcp-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-ext-'));
const extension = (name: string, source: string) => writeFileSync(path.join(folder, name), source);
let server: TestApp;
let token: string;
beforeAll(async () => {
  extension(
    'review.prompt.mjs',
    `export default { name: 'review', description: 'Review', arguments: [{ name: 'commit', required: true }],
       run: ({ commit }) => ({ messages: [{ role: 'user', content: { type: 'text', text: 'Review ' + commit } }] }) };`,
  );
  extension('broken.prompt.mjs', 'export default {');
  extension('nameless.resource.mjs', 'export default { read: () => ({ text: "x" }) };');
  extension(
    'throws.resource.mjs',
    `export default { uri: 'broken://it', name: 'broken', read: () => { throw new Error('/etc/passwd'); } };`,
  );
  extension(
    'glossary.resource.mjs',
    `export default { uriTemplate: 'glossary://{term}', name: 'glossary', mimeType: 'text/plain',
       read: (_uri, { term }) => ({ text: term + ' means something' }) };`,
  );
  server = await startTestApp({ EXTENSIONS_DIR: folder });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("an operator's own prompts and resources", () => {
  it('are offered in both eras beside the built-in ones; broken files hurt no other', async () => {
    const session = await openLegacy(server, token);
    const { body } = await session.call('prompts/list');
    const names = body.result.prompts.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['assistant', 'review']));
    const prompt = await modern(server, token, 'prompts/get', {
      name: 'review',
      arguments: { commit: 'abc' },
    });
    expect(prompt.body.result.messages[0].content.text).toBe('Review abc');
    const templates = await modern(server, token, 'resources/templates/list');
    expect(
      templates.body.result.resourceTemplates.map(({ uriTemplate }: { uriTemplate: string }) => uriTemplate),
    ).toEqual([
      'conversation://{id}',
      'agent://{name}',
      'glossary://{term}',
      'tool-result://{id}',
      'approval://{id}',
    ]);
    const read = await session.call('resources/read', { uri: 'glossary://lease' });
    expect(read.body.result.contents).toEqual([
      { uri: 'glossary://lease', mimeType: 'text/plain', text: 'lease means something' },
    ]);
  });

  it('never show what they threw', async () => {
    const answers = [
      await (await openLegacy(server, token)).call('resources/read', { uri: 'broken://it' }),
      await modern(server, token, 'resources/read', { uri: 'broken://it' }),
    ];
    for (const { body } of answers) {
      expect(body.error.code).toBe(-32603);
      expect(JSON.stringify(body)).not.toContain('passwd');
    }
  });

  it('are read again by a reload, which names the files that it left out', async () => {
    rmSync(path.join(folder, 'review.prompt.mjs'));
    extension(
      'again.prompt.mjs',
      `export default { name: 'review_again', description: 'Review', run: () => ({ messages: [] }) };`,
    );
    const reload = await server.call('POST', '/api/v1/tools/reload', { token });
    expect(reload.body.problems.map(({ file }: { file: string }) => file)).toEqual(
      expect.arrayContaining(['broken.prompt.mjs', 'nameless.resource.mjs']),
    );
    const { body } = await modern(server, token, 'prompts/list');
    const names = body.result.prompts.map(({ name }: { name: string }) => name);
    expect(names).toContain('review_again');
    expect(names).not.toContain('review');
  });
});
