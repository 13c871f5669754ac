import { execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  buildOnce,
  cleanUp,
  environment,
  makeFolder,
  PROJECT,
  type ServerProcess,
  startServer,
} from '../support/server-process.js';
import { makeAgents, TracedTools } from '../support/run-tools.js';
import { caller } from '../support/test-app.js';

jest.setTimeout(120_000);

interface Event {
  readonly id: string;
  readonly event: string;
  readonly runId: string;
  readonly conversationId?: string;
  readonly at: string;
  readonly text?: string;
  readonly tool?: string;
  readonly agent: { readonly name: string; readonly path: string };
  readonly output?: { readonly text: string };
}

interface Repository {
  readonly folder: string;
  readonly file: string;
  readonly commits: number;
  readonly lastAuthor: string;
}

/** A repository with random authors, files and numbers of commits, so that nothing can be known beforehand. */
function makeRepository(): Repository {
  const folder = makeFolder('repository');
  const word = () => Array.from({ length: 6 }, () => String.fromCharCode(97 + randomInt(26))).join('');
  const name = () => word().replace(/^./, (first) => first.toUpperCase());
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  git('init', '-q');
  const file = `${word()}.txt`;
  const commits = randomInt(3, 9);
  let lastAuthor = '';
  for (let count = 1; count <= commits; count += 1) {
    lastAuthor = `${name()} ${name()}`;
    writeFileSync(path.join(folder, file), `${count}\n`);
    writeFileSync(path.join(folder, `${word()}.md`), word());
    git('add', '.');
    const author = ['-c', `user.name=${lastAuthor}`, '-c', 'user.email=a@example.com'];
    git(...author, 'commit', '-q', '-m', `${word()} ${count}`);
  }
  writeFileSync(path.join(folder, 'other.md'), word());
  git('add', '.');
  git('-c', 'user.name=Somebody Else', '-c', 'user.email=b@example.com', 'commit', '-q', '-m', word());
  return { folder, file, commits, lastAuthor };
}

let server: ServerProcess;
let repository: Repository;
let data: string;
let tools: TracedTools;
const settings = () => ({
  ...{ DATA_DIR: data, WORKSPACE_DIRS: repository.folder, LOG_LEVEL: 'error' },
  EXTENSIONS_DIR: tools.extensions,
});

beforeAll(async () => {
  buildOnce();
  repository = makeRepository();
  data = makeFolder();
  tools = new TracedTools(makeFolder('tools'));
  server = await startServer(settings());
}, 180_000);
afterAll(async () => {
  await server?.stop();
  cleanUp();
});

/** `bin/mcp-server chat` as a person on this machine runs it: no login, no key but that of DATA_DIR. */
async function chat(question: string, ...options: string[]) {
  const child = spawn(
    path.join(PROJECT, 'bin/mcp-server'),
    ['--url', server.url, ...options, 'chat', question],
    {
      env: environment({ DATA_DIR: data, XDG_CONFIG_HOME: data }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const adminKey = () => readFileSync(path.join(data, 'admin.key'), 'utf8').trim();

describe('the first conversation, without a key and without a network', () => {
  const phrasings: readonly ((file: string, percent: number, of: number) => string)[] = [
    (file, percent, of) =>
      `Who changed ${file} last and how many commits touched it? And what is ${percent}% of ${of}?`,
    (file, percent, of) =>
      `What is ${percent}% of ${of}? Also tell me who last modified ${file} and the number of commits that touched it.`,
    (file, percent, of) =>
      `Please calculate ${percent} percent of ${of} and then show the git history of ${file}.`,
  ];

  it.each(phrasings.map((phrase, index) => [index + 1, phrase] as const))(
    'phrasing %i: two agents use two real tools and the answer streams',
    async (_index, phrase) => {
      const percent = randomInt(1, 200) / 2;
      const of = randomInt(100, 10_000);
      const { code, stdout, stderr } = await chat(phrase(repository.file, percent, of), '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Event);

      expect(events.map((event) => Number(event.id))).toEqual(events.map((_, index) => index + 1));
      const started = events.filter((event) => event.event === 'agent.started');
      expect(new Set(started.map((event) => event.agent.name)).size).toBeGreaterThanOrEqual(3);
      const finished = events.filter((event) => event.event === 'tool_call.completed');
      expect(finished.map((event) => event.tool).sort()).toEqual(['calculator', 'git_log']);

      const deltas = events.filter((event) => event.event === 'message.delta');
      expect(new Set(deltas.map((event) => event.at)).size).toBeGreaterThanOrEqual(5);
      expect(Number(deltas[0]?.id)).toBeLessThan(Number(finished[1]?.id));

      const answer = events.at(-1)?.output?.text ?? '';
      expect(answer.replaceAll(',', '')).toContain(String((percent * of) / 100));
      expect(answer).toContain(repository.lastAuthor);
      expect(answer).toContain(String(repository.commits));
      expect(answer).toMatch(/not (from )?an LLM/);
      await isStored(events);
    },
  );

  it('prints agents and tools as they happen and the answer to stdout', async () => {
    const { code, stdout, stderr } = await chat(`Who changed ${repository.file} last?`);
    expect(code).toBe(0);
    expect(stdout).toContain(repository.lastAuthor);
    expect(stderr).toContain('-> code-historian');
    expect(stderr).toContain('git_log done');
  });
});

it('Ctrl-C cancels the run and exits with 130', async () => {
  await makeAgents({ call: caller(server.url) }, adminKey());
  tools.hold();
  const question = ['chat', '--agent', 'librarian', 'Look up the word "zebra"'];
  const args = ['--url', server.url, '--json', ...question];
  const child = spawn(path.join(PROJECT, 'bin/mcp-server'), args, {
    env: environment({ DATA_DIR: data, XDG_CONFIG_HOME: data }),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (stdout === '') child.kill('SIGINT');
    stdout += chunk.toString();
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
  expect((JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Event).event).toBe('run.cancelled');
});

/** Conversation, run, steps and tool calls belong to the admin, whose key asked. */
async function isStored(events: readonly Event[]): Promise<void> {
  const call = caller(server.url);
  const token = adminKey();
  const me = await call('GET', '/api/v1/auth/me', { token });
  expect(me.body.role).toBe('admin');
  const { runId, conversationId } = events[0] as Event;
  const run = await call('GET', `/api/v1/runs/${runId}`, { token });
  expect(run.body).toMatchObject({ status: 'completed', conversationId });
  const steps = await call('GET', `/api/v1/runs/${runId}/steps?limit=100`, { token });
  expect(steps.body.items.map((step: { name?: string }) => step.name)).toEqual(
    expect.arrayContaining(['git_log', 'calculator']),
  );
  const messages = await call('GET', `/api/v1/conversations/${conversationId}/messages`, { token });
  expect(messages.body.items.map((message: { role: string }) => message.role)).toEqual(
    expect.arrayContaining(['user', 'assistant']),
  );
  const calls = await call('GET', '/api/v1/tool-calls?limit=100', { token });
  const ofRun = calls.body.items.filter((item: { runId?: string }) => item.runId === runId);
  expect(ofRun).toHaveLength(2);
  for (const item of ofRun) if (item.userId !== undefined) expect(item.userId).toBe(me.body.id);
}

describe('the events of a run', () => {
  it('resumed in the middle, also after a restart of the server, come exactly once', async () => {
    const { stdout } = await chat(`How many commits touched ${repository.file}?`, '--json');
    const all = stdout.trim().split('\n').length;
    const { runId } = JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as Event;
    await server.stop();
    server = await startServer(settings());
    const middle = Math.floor(all / 2);
    const response = await fetch(`${server.url}/api/v1/runs/${runId}/events`, {
      headers: { authorization: `Bearer ${adminKey()}`, 'last-event-id': String(middle) },
    });
    const ids = [...(await response.text()).matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ids).toEqual(Array.from({ length: all - middle }, (_, index) => middle + 1 + index));
  });
});
