import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { addMember, type TestAccount } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let ann: TestAccount;
let bob: TestAccount;
beforeAll(async () => {
  server = await startTestApp();
  ann = await addMember(server);
  bob = await addMember(server);
});
afterAll(() => server?.stop());

const callTool = async (name: string, args: object, { token }: { token: string }) =>
  (await server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } })).body;

it('session_context_set keeps what session_context_get recalls, for one session only', async () => {
  await callTool('session_context_set', { key: 'colour', value: 'teal' }, ann);
  expect((await callTool('session_context_get', { key: 'colour' }, ann)).structuredContent.value).toBe(
    'teal',
  );
  const other = await callTool('session_context_get', { key: 'colour' }, bob);
  expect([other.isError, other.content[0].text]).toEqual([true, expect.stringContaining('keeps nothing')]);
});

it('conversation_search finds words in the conversations of the caller and of nobody else', async () => {
  const made = await server.call('POST', '/api/v1/conversations', {
    token: ann.token,
    body: { title: 'Zeppelin voyage' },
  });
  const found = await callTool('conversation_search', { query: 'zeppelin' }, ann);
  expect(found.structuredContent.conversations.map((item: { id: string }) => item.id)).toEqual([
    made.body.id,
  ]);
  expect(
    (await callTool('conversation_search', { query: 'zeppelin' }, bob)).structuredContent.conversations,
  ).toEqual([]);
});
