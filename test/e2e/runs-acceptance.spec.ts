import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeRepository } from '../support/git-repository.js';
import { readEvents, startRun, warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const repository = makeRepository();
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  server = await startTestApp({ WORKSPACE_DIRS: repository.folder });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  rmSync(repository.folder, { recursive: true, force: true });
});

const percent = () => randomInt(1, 199) / 2;
const amount = () => randomInt(100, 5000);
const { file } = repository;
const questions: [string, (p: number, n: number) => string][] = [
  [
    'as in the README',
    (p, n) => `Who changed ${file} last and how many commits touched it? And what is ${p}% of ${n}?`,
  ],
  [
    'the other way round',
    (p, n) =>
      `What is ${p}% of ${n}? Then tell me who was the last person to change ${file} and how many commits it has.`,
  ],
  [
    'as an order',
    (p, n) =>
      `Calculate ${p} percent of ${n}, and find out how many commits touched ${file} and who last modified it.`,
  ],
];

describe('a question for two agents, on a repository that nobody has seen', () => {
  it.each(questions)(
    '%s: delegates, calls real tools, streams and answers with the true values',
    async (_, ask) => {
      const [p, n] = [percent(), amount()];
      const { conversationId, run } = await startRun(server, token, { input: ask(p, n) });
      const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
      expect(events.map((event) => event.id)).toEqual(events.map((_event, index) => index + 1));
      expect(events.at(-1)?.type).toBe('run.completed');

      const text: string = events.at(-1)?.data.output.text;
      expect(text).toContain(repository.lastAuthor);
      expect(text).toMatch(new RegExp(`\\b${repository.commits}\\b`));
      const value = (Math.round(p * n * 100) / 10_000).toString();
      expect(text.replaceAll(',', '')).toContain(value);

      const asked = events
        .filter((event) => event.type === 'agent.started')
        .map((event) => event.data.agent.name);
      expect(asked).toEqual(expect.arrayContaining(['assistant', 'code-historian', 'analyst']));
      const ended = events.filter((event) => event.type === 'tool_call.completed');
      expect(ended.map((event) => event.data.tool)).toEqual(
        expect.arrayContaining(['git_log', 'calculator']),
      );

      const deltas = events.filter((event) => event.type === 'message.delta');
      expect(deltas[0]?.at).toBeLessThan(ended[1]?.at ?? 0);
      expect(deltas[0]?.id).toBeLessThan(ended[1]?.id ?? 0);
      expect(new Set(deltas.map((event) => event.data.at)).size).toBeGreaterThanOrEqual(5);
      const answerId = events.at(-1)?.data.output.messageId;
      const said = deltas
        .filter((event) => event.data.messageId === answerId)
        .map((event) => event.data.text);
      expect(said.join('').trim()).toBe(text.trim());

      const [row] = await server.sql<{ email: string; generated_by: string }>(
        `select u.email, m.generated_by from runs r join users u on u.id = r.user_id
         join messages m on m.run_id = r.id and m.role = 'assistant'
        where r.id = $1 and r.conversation_id = $2`,
        [run.id, conversationId],
      );
      expect(row).toEqual({ email: 'admin@example.com', generated_by: 'rules' });
      const calls = await server.sql<{ tool: string; user_id: string }>(
        'select c.tool, c.user_id from tool_calls c join runs r on r.id = c.run_id and r.user_id = c.user_id where r.id = $1',
        [run.id],
      );
      expect(calls.map((call) => call.tool)).toEqual(expect.arrayContaining(['git_log', 'calculator']));
    },
  );

  it('asks independent agents at the same time', async () => {
    const { run } = await startRun(server, token, { input: questions[0]?.[1](12.5, 400) });
    const events = await readEvents(`${server.url}/api/v1/runs/${run.id}/events`, { token });
    const started = events.filter(
      (event) => event.type === 'agent.started' && event.data.agent.path.includes('>'),
    );
    const firstEnd = events.find((event) => event.type === 'agent.completed');
    expect(started.length).toBeGreaterThanOrEqual(2);
    expect(started[1]?.id).toBeLessThan(firstEnd?.id ?? 0);
  });
});
