// What does durability cost? A run with two model calls and one tool call (planner model, real PostgreSQL, over HTTP),
// beside the same work in this process without it: LangChain's bare createAgent, and a plain loop on @langchain/core.
// All of them stream; the planner's own pauses (20 ms for five words) are in every figure alike.
import { createServer } from 'node:http';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { createAgent } from 'langchain';
import { startPostgres, startServer } from './support/server.mjs';

const BATCH = 160;
/** A server that works is warm: its code is compiled only after a thousand runs. */
const WARM_UP = 10;
/** Clients that wait for their runs at the same time. With half of them the machine waits a fifth of its time. */
const CLIENTS = 32;
/** Room for all of them: one user may fill four fifths of a worker. */
const CONCURRENCY = 40;

let asked = 0;

/** Another question each time, so that nothing is answered from memory. */
function nextQuestion() {
  const [a, b] = [2 + (asked % 97), 3 + (asked % 89)];
  asked += 1;
  return { question: `What is ${a} * ${b}?`, answer: String(a * b) };
}

export default {
  title: `runs with one tool call, by ${CLIENTS} clients at once and one by one`,
  rounds: 3,
  async setup() {
    const { PlannerModel } = await import('../dist/src/agents/models/planner.model.js');
    const postgres = await startPostgres();
    const upstream = await startStalling();
    const server = await startServer(await postgres.database(), {
      variables: { RUN_CONCURRENCY: String(CONCURRENCY), DATABASE_POOL: '20', OPENAI_BASE_URL: upstream.url },
    });
    const slow = { name: 'slow', description: 'Never ends', instructions: 'Wait.', model: 'openai:slow-1' };
    await server.call('POST', '/api/v1/agents', slow);
    return { PlannerModel, postgres, server, upstream };
  },
  cases: ({ PlannerModel, server, upstream }) => {
    const bare = () => runBare(PlannerModel);
    const loop = () => runLoop(PlannerModel);
    return [
      {
        name: 'durable runs',
        unit: 'runs/s',
        ops: 3,
        warmup: WARM_UP,
        run: batchOf(() => runDurable(server)),
      },
      { name: 'bare createAgent', unit: 'runs/s', ops: 3, warmup: WARM_UP, run: batchOf(bare) },
      { name: 'plain core loop', unit: 'runs/s', ops: 3, warmup: WARM_UP, run: batchOf(loop) },
      { name: 'one durable run', ops: 15, run: () => runDurable(server) },
      { name: 'one bare createAgent', ops: 15, run: bare },
      { name: 'one plain core loop', ops: 15, run: loop },
      { name: 'first event', ops: 34, run: () => firstEvent(server) },
      { name: 'cancel to upstream closed', ops: 34, warmup: 1, run: () => cancel(server, upstream) },
    ];
  },
  goals: [
    { name: 'durable runs a second', of: 'durable runs', atLeast: 60 },
    { name: 'first event, p95 in ms', of: 'first event', statistic: 'p95', atMost: 30 },
    { name: 'cancel, p95 in ms', of: 'cancel to upstream closed', statistic: 'p95', atMost: 250 },
  ],
  async teardown({ server, postgres, upstream } = {}) {
    await server?.stop();
    await postgres?.stop();
    upstream?.close();
  },
};

/** Runs a second, over a batch. */
function batchOf(run) {
  return async () => {
    const started = performance.now();
    let left = BATCH;
    const client = async () => {
      while (left-- > 0) await run();
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return (BATCH * 1000) / (performance.now() - started);
  };
}

async function runDurable(server) {
  const { question, answer } = nextQuestion();
  const { id } = await server.call('POST', '/api/v1/runs', { input: question, agent: 'analyst' });
  const run = await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=60000`);
  if (run.status !== 'completed' || !run.output.text.includes(answer)) throw new Error(JSON.stringify(run));
}

const calculator = (answer) =>
  new DynamicStructuredTool({
    name: 'calculator',
    description: 'Calculates an arithmetic expression.',
    schema: {
      type: 'object',
      properties: { expression: { type: 'string', description: 'What to calculate.' } },
      required: ['expression'],
    },
    func: async ({ expression }) => `${expression} = ${answer}`,
  });

async function runBare(PlannerModel) {
  const { question, answer } = nextQuestion();
  const agent = createAgent({
    model: new PlannerModel(),
    tools: [calculator(answer)],
    systemPrompt: 'Help.',
  });
  let text = '';
  const stream = await agent.stream({ messages: [new HumanMessage(question)] }, { streamMode: 'messages' });
  for await (const [chunk] of stream) text += chunk.text;
  if (!text.includes(answer)) throw new Error(text);
}

/** The whole of an agent without a framework. */
async function runLoop(PlannerModel) {
  const { question, answer } = nextQuestion();
  const tool = calculator(answer);
  const model = new PlannerModel().bindTools([tool]);
  const messages = [new HumanMessage(question)];
  for (;;) {
    let message;
    for await (const chunk of await model.stream(messages))
      message = message === undefined ? chunk : message.concat(chunk);
    messages.push(message);
    if (message.tool_calls.length === 0) break;
    for (const { id, args } of message.tool_calls)
      messages.push(new ToolMessage({ content: await tool.invoke(args), tool_call_id: id }));
  }
  if (!messages.at(-1).text.includes(answer)) throw new Error(messages.at(-1).text);
}

/** Milliseconds from the request to the first event of its stream. */
async function firstEvent(server) {
  const started = performance.now();
  const response = await fetch(`${server.url}/api/v1/runs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.key}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    body: JSON.stringify({ input: nextQuestion().question, agent: 'analyst' }),
  });
  let elapsed;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream()))
    if (elapsed === undefined && chunk.includes('data:')) elapsed = performance.now() - started;
  return elapsed;
}

/** Milliseconds from the cancel request to the moment in which the model's socket closes. */
async function cancel(server, upstream) {
  const begun = upstream.next();
  const { id } = await server.call('POST', '/api/v1/runs', { input: 'Hi', agent: 'slow' });
  const { closed } = await begun;
  const started = performance.now();
  await server.call('POST', `/api/v1/runs/${id}/cancel`);
  return (await closed) - started;
}

/** An OpenAI-compatible server that says one word and then nothing more. */
async function startStalling() {
  let waiting;
  const http = createServer((request, response) => {
    request.resume();
    const choices = [{ index: 0, delta: { role: 'assistant', content: 'Well' }, finish_reason: null }];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', choices })}\n\n`);
    const closed = new Promise((resolve) => response.once('close', () => resolve(performance.now())));
    setTimeout(() => waiting?.({ closed }), 50);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${http.address().port}`,
    next: () => new Promise((resolve) => (waiting = resolve)),
    close: () => http.close().closeAllConnections(),
  };
}
