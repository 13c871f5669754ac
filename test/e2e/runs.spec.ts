import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEvents, startRun } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp();
  token = await server.login();
});
afterAll(() => server?.stop());

describe('a run', () => {
  it('answers 202 after the commit, works, and is read back with its steps', async () => {
    const { conversationId, run } = await startRun(server, token, { input: 'What is 17.5% of 2480?' });
    const done = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=20000`, { token });
    expect(done.body).toMatchObject({ id: run.id, conversationId, agent: 'assistant', status: 'completed' });
    expect(done.body.output.text).toContain('434');
    const messages = await server.call('GET', `/api/v1/conversations/${conversationId}/messages`, { token });
    expect(messages.body.items.map((message: { role: string }) => message.role)).toEqual([
      'user',
      'assistant',
    ]);
    expect(messages.body.items[1]).toMatchObject({
      id: done.body.output.messageId,
      runId: run.id,
      status: 'complete',
      generatedBy: 'rules',
      content: [{ type: 'text', text: done.body.output.text }],
    });
    const steps = await server.call('GET', `/api/v1/runs/${run.id}/steps?limit=100`, { token });
    const kinds = new Set(steps.body.items.map((step: { kind: string }) => step.kind));
    expect(kinds).toEqual(new Set(['model', 'agent', 'tool']));
    expect(done.body.steps).toBe(steps.body.items.length);
  });

  it('streams gapless events, and a broken stream is resumed without a repeat', async () => {
    const { run } = await startRun(server, token, { input: 'What is 12 * 13?' });
    const url = `${server.url}/api/v1/runs/${run.id}/events`;
    const first = await readEvents(url, { token, stop: (event) => event.type === 'tool_call.started' });
    const rest = await readEvents(url, { token, lastEventId: first.at(-1)?.id });
    const events = [...first, ...rest];
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.map((event) => event.type)).toEqual(
      expect.arrayContaining(['run.created', 'run.started', 'tool_call.completed', 'message.delta']),
    );
    expect(events.at(-1)?.type).toBe('run.completed');
    expect(await readEvents(`${url}?after=0`, { token })).toHaveLength(events.length);
    for (const event of events) {
      expect(event.data).toMatchObject({ runId: run.id, seq: event.id, agent: { name: expect.any(String) } });
    }
  });
});
