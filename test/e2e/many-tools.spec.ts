import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Asked, type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { startRun, warmUp } from '../support/runs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const COUNT = 200;
const THINGS = ['warehouse', 'invoice', 'customer', 'shipment', 'contract'];
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-many-'));
const calls = path.join(folder, 'calls.txt');
let llm: LlmServer;
let server: TestApp;
let token: string;
beforeAll(async () => {
  await warmUp();
  writeTools();
  llm = await startOpenAiServer();
  llm.think(searcher);
  server = await startTestApp({
    EXTENSIONS_DIR: folder,
    LLM_MODEL: 'openai:fake-1',
    OPENAI_BASE_URL: llm.url,
    OPENAI_API_KEY: 'sk-test',
  });
  token = await server.login();
  await makeAgent('many', { tools: ['crm_*'] });
  await makeAgent('few', { tools: Array.from({ length: 40 }, (_, n) => `crm_${n}`) });
  await makeAgent('ruled', { tools: ['crm_*'], model: 'builtin:planner' });
  await makeAgent('boss', { tools: ['crm_*'], subAgents: ['few'], pattern: 'supervisor' });
});
afterAll(async () => {
  await server?.stop();
  await llm?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** 200 tools as an import of a large API gives them; every tenth one does harm. */
function writeTools(): void {
  writeFileSync(calls, '');
  for (let n = 0; n < COUNT; n += 1) {
    const thing = THINGS[n % THINGS.length] ?? '';
    const annotations =
      n % 10 === 9 ? '{ destructiveHint: true }' : '{ readOnlyHint: true, openWorldHint: false }';
    writeFileSync(
      path.join(folder, `crm-${n}.tool.mjs`),
      `import { appendFileSync } from 'node:fs';
      export default {
        name: 'crm_${n}', title: 'Look at ${thing} ${n}', annotations: ${annotations},
        description: 'Gives the record of the ${thing} in department number${n}, with its history, its owner and all that belongs to it.',
        input: { type: 'object', properties: {
          id: { type: 'string', description: 'Identifier of the ${thing}, as the register gives it.' },
          since: { type: 'string', format: 'date', description: 'Only what happened after this day.' },
          fields: { type: 'array', items: { type: 'string' }, description: 'What to give; all when left out.' },
        }, required: ['id'], additionalProperties: false },
        run: ({ id }) => { appendFileSync(${JSON.stringify(calls)}, 'crm_${n} ' + id + '\\n'); return 'record ${n} of ' + id; },
      };\n`,
    );
  }
}

/** "find <words> call <tool> <id>": searches, calls what it names, tells. "blind <tool> <id>" calls without a search. */
function searcher({ question, results, tools }: Asked): Script {
  const [, words = '', tool = '', id = ''] = /^find (.+) call (\S+) (\S+)$/.exec(question) ?? [];
  const [, blind, about = ''] = /^blind (\S+) (\S+)$/.exec(question) ?? [];
  if (blind !== undefined && results.length === 0)
    return { kind: 'reply', calls: [{ name: blind, args: { id: about } }] };
  if (blind === undefined && results.length === 0)
    return { kind: 'reply', calls: [{ name: 'search_tools', args: { query: words, limit: 3 } }] };
  if (blind === undefined && results.length === 1)
    return { kind: 'reply', calls: [{ name: tool, args: { id } }] };
  return { kind: 'reply', text: `With ${tools.length} tools: ${results.at(-1)}` };
}

async function makeAgent(name: string, more: object): Promise<void> {
  const body = { name, description: name, instructions: 'Do it.', ...more };
  const made = await server.call('POST', '/api/v1/agents', { token, body });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
}

const wait = async (id: string) =>
  (await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token })).body;
const done = (id: string) =>
  readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(` ${id}`));
const word = () => `w-${randomUUID().slice(0, 8)}`;

interface Request {
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}
/** Runs an agent, and gives its end with what its model was told of, request by request. */
async function run(input: string, agent: string) {
  const before = llm.requests.length;
  const { run: made } = await startRun(server, token, { input, agent });
  const state = await wait(made.id);
  return { id: made.id, state, before, offered: offeredSince(before) };
}
const requestsSince = (before: number) => llm.requests.slice(before) as Request[];
const offeredSince = (before: number) =>
  requestsSince(before).map(({ tools = [] }) => tools.map((tool) => tool.function.name));

describe('an agent with more than 40 tools', () => {
  it('is told of search_tools only, then of what it finds, and calls that in the same run', async () => {
    const id = word();
    const { state, offered } = await run(`find number17 call crm_17 ${id}`, 'many');
    expect(state.output.text).toContain(`record 17 of ${id}`);
    expect(offered[0]).toEqual(['search_tools']);
    expect(offered[1]).toContain('crm_17');
    expect(offered[1]?.length).toBeLessThanOrEqual(4);
    expect(offered[2]).toEqual(offered[1]);
    expect(done(id)).toEqual([`crm_17 ${id}`]);
  });

  it('[S66] cannot call what it has not found, nor find what it may not call', async () => {
    const id = word();
    const blind = await run(`blind crm_17 ${id}`, 'many');
    expect(blind.state.output.text).toContain('There is no tool "crm_17" here.');
    const foreign = await run(`find calculator call calculator ${id}`, 'many');
    expect(foreign.offered.flat()).not.toContain('calculator');
    expect(foreign.state.output.text).toContain('There is no tool "calculator" here.');
    expect(done(id)).toEqual([]);
  });

  it('[R25] is told of the same tools when its run is resumed from the journal', async () => {
    const id = word();
    const { id: runId, state, before } = await run(`find number19 call crm_19 ${id}`, 'many');
    expect(state.status).toBe('requires_action');
    const offered = offeredSince(before);
    const { body } = await server.call('GET', `/api/v1/approvals?runId=${runId}`, { token });
    // What an agent begins with stays, also when it would begin otherwise by now.
    await server.call('PATCH', '/api/v1/agents/many', { token, body: { tools: ['crm_1*'] } });
    await server.call('PATCH', '/api/v1/agents/many', { token, body: { tools: ['crm_19'] } });
    await server.call('POST', `/api/v1/approvals/${body.items[0].id}`, {
      token,
      body: { decision: 'approve' },
    });
    const end = await wait(runId);
    await server.call('PATCH', '/api/v1/agents/many', { token, body: { tools: ['crm_*'] } });
    expect(end.output.text).toContain(`record 19 of ${id}`);
    const all = offeredSince(before);
    expect(all.slice(0, offered.length)).toEqual(offered);
    // The two calls of the model before the question were not made again.
    expect(all).toHaveLength(offered.length + 1);
    expect(all.at(-1)).toEqual(['crm_19']);
    expect(done(id)).toEqual([`crm_19 ${id}`]);
  });

  it('sees its sub-agents always', async () => {
    const { offered } = await run(`find number17 call crm_17 ${word()}`, 'boss');
    expect(offered[0]).toEqual(['search_tools', 'ask_few']);
  });

  it('with 40 or fewer, and the planner, is told of all', async () => {
    const id = word();
    const few = await run(`blind crm_17 ${id}`, 'few');
    expect(few.offered[0]).toHaveLength(40);
    expect(done(id)).toEqual([`crm_17 ${id}`]);
    const before = llm.requests.length;
    const ruled = await startRun(server, token, {
      input: 'Gives the record in department number17 id="x1"',
      agent: 'ruled',
    });
    const state = await wait(ruled.run.id);
    expect(state.status).toBe('completed');
    expect(llm.requests).toHaveLength(before);
    const { body } = await server.call('GET', `/api/v1/runs/${ruled.run.id}/steps`, { token });
    expect(body.items.map(({ name }: { name: string }) => name)).not.toContain('search_tools');
  });

  it('pays for a fraction of the prompt', async () => {
    const { before } = await run(`find number17 call crm_17 ${word()}`, 'many');
    const sizes = requestsSince(before).map(({ tools }) => JSON.stringify(tools).length);
    const few = await run(`blind crm_17 ${word()}`, 'few');
    const [forty = {}] = requestsSince(few.before);
    const all = Math.round((JSON.stringify(forty.tools).length / 40) * COUNT);
    const report = `${COUNT} tools: ${all} bytes of definitions with every model call; searched: ${sizes.join(', ')}`;
    process.stdout.write(`${report}\n`);
    expect(Math.max(...sizes)).toBeLessThan(all / 10);
  });
});
