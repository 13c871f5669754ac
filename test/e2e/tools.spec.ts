import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp();
  token = await server.login();
});
afterAll(() => server?.stop());

const callTool = (name: string, args: unknown) =>
  server.call('POST', `/api/v1/tools/${name}/call`, { token, body: { arguments: args } });

describe('calling a tool', () => {
  it('runs it, answers text and structured content, and records the call with its owner', async () => {
    const answer = await callTool('text_stats', { text: 'One two. Three!' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ isError: false, structuredContent: { words: 3, sentences: 2 } });
    expect(answer.body.content[0].text).toContain('3 words');
    const me = await server.call('GET', '/api/v1/auth/me', { token });
    const [row] = await server.sql('select * from tool_calls where id = $1', [answer.body.callId]);
    expect(row).toMatchObject({
      user_id: me.body.id,
      tool: 'text_stats',
      version: 1,
      status: 'completed',
      arguments: { text: 'One two. Three!' },
    });
    const calls = await server.call('GET', '/api/v1/tool-calls?tool=text_stats', { token });
    expect(calls.body.items[0]).toMatchObject({ id: answer.body.callId, errorCode: null });
  });

  it('names each wrong argument and the fix', async () => {
    const missing = await callTool('text_stats', {});
    expect(missing.status).toBe(400);
    expect(missing.body.code).toBe('invalid_tool_arguments');
    expect(missing.body.errors).toEqual([{ field: 'text', message: 'is required: The text to count.' }]);
    const unknown = await callTool('text_stats', { text: 'x', colour: 'red' });
    expect(unknown.body.errors).toEqual([{ field: 'colour', message: 'is not known; use text' }]);
    const calls = await server.call('GET', '/api/v1/tool-calls?status=refused', { token });
    expect(calls.body.items).toHaveLength(2);
  });

  it('answers 404 for an unknown tool', async () => {
    const answer = await callTool('no_such_tool', {});
    expect([answer.status, answer.body.code]).toEqual([404, 'tool_not_found']);
  });
});
