import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages';
import { AnthropicProvider } from '../../src/agents/models/anthropic.provider.js';
import { type Candidate } from '../../src/agents/models/candidate.js';
import { type ModelProvider } from '../../src/agents/models/model-provider.js';
import { OpenAiProvider } from '../../src/agents/models/openai.provider.js';
import { PATIENCE, ResilientModel } from '../../src/agents/models/resilient.model.js';
import { CallLog } from '../../src/agents/models/call-log.js';
import { TokenCount } from '../../src/agents/models/token-count.js';
import { saidIn, toStored } from '../../src/runs/engine/messages.js';
import { ModelBreakers } from '../../src/agents/models/model-breakers.js';
import { type AppError } from '../../src/common/app-error.js';
import { GoogleProvider } from '../../src/agents/models/google.provider.js';
import { startAnthropicServer } from '../fakes/anthropic-server.js';
import { startGoogleServer } from '../fakes/google-server.js';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';

const PROVIDERS = ['openai', 'responses', 'anthropic', 'google'] as const;
/** Short waits where a script stalls; still long for a machine that is busy. */
const QUICK = { ...PATIENCE, backoffMs: 5, firstTokenMs: 5000, idleMs: 1000 };
const OK: Script = { kind: 'reply', text: 'All is well.' };
const CALL = { name: 'delete_all', args: { path: '/important/folder', really: true } };

const servers = new Map<string, LlmServer>();
const makers = new Map<string, (url: string) => ModelProvider>([
  ['openai', (url) => new OpenAiProvider({ OPENAI_BASE_URL: url }, () => globalThis.fetch)],
  [
    'responses',
    (url) => new OpenAiProvider({ OPENAI_BASE_URL: url, OPENAI_API: 'responses' }, () => globalThis.fetch),
  ],
  [
    'google',
    (url) => new GoogleProvider({ GOOGLE_BASE_URL: url, GOOGLE_API_KEY: 'k' }, () => globalThis.fetch),
  ],
  [
    'anthropic',
    (url) =>
      new AnthropicProvider({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'k' }, () => globalThis.fetch),
  ],
]);
beforeAll(async () => {
  servers.set('openai', await startOpenAiServer());
  servers.set('responses', await startOpenAiServer());
  servers.set('anthropic', await startAnthropicServer());
  servers.set('google', await startGoogleServer());
});
afterAll(async () => {
  for (const server of servers.values()) await server.close();
});

const serverOf = (provider: string) => servers.get(provider) as LlmServer;
async function candidate(provider: string): Promise<Candidate> {
  const make = makers.get(provider) as (url: string) => ModelProvider;
  return { id: `${provider}:fake-1`, model: await make(serverOf(provider).url).open('fake-1') };
}

/** Plays the scripts and calls the model once: what came out, what failed, how often the provider was asked. */
async function run(provider: string, scripts: Script[], patience = QUICK, signal?: AbortSignal) {
  const server = serverOf(provider);
  server.play(...scripts);
  const before = server.requests.length;
  const log = new CallLog();
  const model = new ResilientModel([await candidate(provider)], new ModelBreakers(), patience, log);
  const chunks: AIMessageChunk[] = [];
  let error: AppError | undefined;
  try {
    for await (const chunk of await model.stream([new HumanMessage('hi')], { signal })) {
      chunks.push(chunk);
    }
  } catch (thrown) {
    error = thrown as AppError;
  }
  return {
    text: chunks.map((chunk) => chunk.text).join(''),
    chunks,
    error,
    log,
    asked: server.requests.length - before,
  };
}
async function closed(provider: string): Promise<void> {
  for (let wait = 0; serverOf(provider).open() > 0 && wait < 50; wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(serverOf(provider).open()).toBe(0);
}
const failure = (status: number, more: object = {}): Script => ({ kind: 'error', status, ...more });

describe.each(PROVIDERS)('%s', (provider) => {
  it.each([
    [401, 'model_unauthorized', 1],
    [403, 'model_unauthorized', 1],
    [404, 'model_not_found', 1],
    [400, 'model_request_rejected', 1],
    [500, 'model_unavailable', 3],
    [529, 'model_unavailable', 3],
    [429, 'model_rate_limited', 3],
  ])('[R14] [R15] %s is %s after %s requests', async (status, code, requests) => {
    const { error, asked } = await run(provider, [failure(status)]);
    expect([error?.code, asked]).toEqual([code, requests]);
    expect(error?.message).not.toContain('sk-123');
  });

  it('a conversation that is too long has a code of its own', async () => {
    const texts = {
      openai: 'This model has a maximum context length of 8192 tokens.',
      responses: 'Your input exceeds the context window of this model.',
      anthropic: 'prompt is too long',
      google: 'The input token count exceeds the maximum context length.',
    };
    const { error } = await run(provider, [
      failure(400, { message: texts[provider], code: 'context_length_exceeded' }),
    ]);
    expect(error?.code).toBe('model_context_length');
  });

  it('[R14] waits as long as Retry-After says, then answers once', async () => {
    const started = Date.now();
    const limited = failure(429, { headers: { 'retry-after': '1' } });
    const { text, asked } = await run(provider, [limited, OK]);
    expect([text, asked]).toEqual(['All is well.', 2]);
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
  });

  it('[R14] gives up at once when Retry-After is over a minute, and passes it on', async () => {
    const { error, asked } = await run(provider, [failure(429, { headers: { 'retry-after': '120' } })]);
    expect([error?.code, error?.retryAfter, asked]).toEqual(['model_rate_limited', 120, 1]);
  });

  it.each([
    ['a date to come', 2000, 2, 900],
    ['a date that is past', -60_000, 2, 0],
  ])('[R14] waits until %s of Retry-After', async (_, ahead, requests, atLeast) => {
    const started = Date.now();
    const until = new Date(started + ahead).toUTCString();
    const { text, asked } = await run(provider, [failure(429, { headers: { 'retry-after': until } }), OK]);
    expect([text, asked]).toEqual(['All is well.', requests]);
    expect(Date.now() - started).toBeGreaterThanOrEqual(atLeast);
  });

  it('[R14] gives up at once when the date of Retry-After is over a minute ahead, also of 529', async () => {
    const headers = { 'retry-after': new Date(Date.now() + 600_000).toUTCString() };
    for (const [status, code] of [
      [429, 'model_rate_limited'],
      [529, 'model_unavailable'],
    ] as const) {
      const { error, asked } = await run(provider, [failure(status, { headers })]);
      expect([error?.code, asked]).toEqual([code, 1]);
      expect(Math.abs((error?.retryAfter ?? 0) - 600)).toBeLessThan(20);
    }
  });

  it('stops waiting for a retry when it is aborted', async () => {
    const abort = new AbortController();
    const { requests, open } = serverOf(provider);
    const before = requests.length;
    const watch = setInterval(() => {
      if (requests.length > before && open() === 0) abort.abort(new Error('cancelled'));
    }, 20);
    const limited = failure(429, { headers: { 'retry-after': '30' } });
    const started = Date.now();
    const { error, asked } = await run(provider, [limited], QUICK, abort.signal);
    clearInterval(watch);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect([error?.message, asked]).toEqual([expect.stringMatching(/abort|cancelled/i), 1]);
  });

  it('[R16] ends a stream that stalls and closes the socket', async () => {
    const { text, error, asked } = await run(provider, [{ ...OK, fault: { kind: 'stall' } }]);
    expect([text, error?.code, asked]).toEqual(['All is well.', 'model_timeout', 1]);
    await closed(provider);
  });

  it.each([
    ['headers', ''],
    ['first token', ''],
  ] as const)(
    '[R16] gives up waiting for the %s, tries twice more, and leaves no socket',
    async (at, said) => {
      const script: Script = { ...OK, fault: { kind: 'stall', at } };
      const { text, error, asked } = await run(provider, [script], { ...QUICK, firstTokenMs: 150 });
      expect([text, error?.code, asked]).toEqual([said, 'model_timeout', 3]);
      await closed(provider);
    },
  );

  it('[R16] a stall between two pieces keeps what came and is not tried again', async () => {
    const { text, error, asked } = await run(provider, [{ ...OK, fault: { kind: 'stall', at: 'between' } }]);
    expect([text, error?.code, asked]).toEqual(['All is ', 'model_timeout', 1]);
    await closed(provider);
  });

  it('[R16] a stall inside the arguments of a tool gives no call to execute', async () => {
    const script: Script = {
      kind: 'reply',
      text: 'I look.',
      calls: [CALL],
      fault: { kind: 'stall', at: 'tool call' },
    };
    const { text, error, asked, chunks } = await run(provider, [script]);
    expect([text, error?.code, asked]).toEqual(['I look.', 'model_timeout', 1]);
    expect(chunks.flatMap((chunk) => chunk.tool_calls ?? []).filter(({ args }) => 'really' in args)).toEqual(
      [],
    );
    await closed(provider);
  });

  it('[R17] an error under status 200 is a failure, tried again as one', async () => {
    const { text, error, asked } = await run(provider, [
      { kind: 'error with 200' },
      { kind: 'error with 200' },
      OK,
    ]);
    expect([text, error?.code, asked]).toEqual(['All is well.', undefined, 3]);
  });

  it.each([
    ['utf-8', { text: 'One two grüße three' }, 'model_unavailable'],
    ['end', { text: 'One two' }, 'model_unavailable'],
  ] as const)('[R17] a stream cut inside %s keeps what came and fails', async (at, reply, code) => {
    const { text, error, asked } = await run(provider, [
      { kind: 'reply', ...reply, fault: { kind: 'cut', at } },
    ]);
    expect([error?.code, asked]).toEqual([code, 1]);
    expect(text.startsWith('One two')).toBe(true);
  });

  it('[R17] a tool call that is cut in its JSON is never one to execute', async () => {
    const script: Script = { kind: 'reply', calls: [CALL], fault: { kind: 'cut', at: 'tool call' } };
    const { error, chunks, asked } = await run(provider, [script]);
    expect(error?.code).toBe('model_unavailable');
    // Where nothing of the call was given out yet, it may be asked for again.
    expect(asked).toBe(chunks.some((chunk) => (chunk.tool_call_chunks ?? []).length > 0) ? 1 : 3);
    expect(chunks.flatMap((chunk) => chunk.tool_calls ?? []).filter(({ args }) => 'really' in args)).toEqual(
      [],
    );
  });

  it.each<[string, Script]>([
    ['a web page', { kind: 'html' }],
    ['a web page that says it is a stream', { kind: 'html', asStream: true }],
    ['an empty body', { kind: 'empty' }],
    ['an empty stream', { kind: 'empty', asStream: true }],
    ['a connection that is closed before the headers', { ...OK, fault: { kind: 'cut', at: 'headers' } }],
  ])('[R17] %s instead of an answer is a failure, tried again, and cost nothing', async (_, script) => {
    const failed = await run(provider, [script]);
    expect([failed.error?.code, failed.text, failed.asked]).toEqual(['model_unavailable', '', 3]);
    expect(failed.log.wasted).toEqual([]);
    const { text, asked } = await run(provider, [script, OK]);
    expect([text, asked]).toEqual(['All is well.', 2]);
  });

  it('[R17] two calls under one id are two calls, each with an id of its own', async () => {
    const script: Script = { kind: 'reply', calls: [CALL, { ...CALL, name: 'second' }], sameIds: true };
    const { chunks } = await run(provider, [script]);
    const [first, ...rest] = chunks as [AIMessageChunk, ...AIMessageChunk[]];
    const said = saidIn(rest.reduce((whole, chunk) => whole.concat(chunk), first));
    const { toolCalls } = toStored(said, { model: 'x', generatedBy: 'llm' }, new Set(), 0);
    expect(toolCalls).toEqual([
      { id: expect.any(String), name: 'delete_all', arguments: CALL.args },
      { id: expect.any(String), name: 'second', arguments: CALL.args },
    ]);
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
  });

  it('an answer that its limit or its filter ended is one, and says why', async () => {
    for (const [script, endings] of [
      [{ isTooLong: true }, ['length', 'max_tokens', 'MAX_TOKENS']],
      [{ isFiltered: true }, ['content_filter', 'refusal', 'SAFETY']],
    ] as const) {
      const { text, error, log, asked } = await run(provider, [{ ...OK, ...script }]);
      expect([text, error, asked]).toEqual(['All is well.', undefined, 1]);
      expect(endings).toContain(log.ending);
    }
  });

  it('what a provider does not count is estimated, and says so', async () => {
    const { chunks } = await run(provider, [{ kind: 'reply', text: 'One two three', withoutUsage: true }]);
    const count = new TokenCount([new HumanMessage('hello there')]);
    for (const chunk of chunks) count.add(chunk);
    expect(count.usage).toEqual({ inputTokens: 3, outputTokens: 4, estimated: true });
  });
});

describe('an error inside a stream that began with 200', () => {
  const event = (type: string, fields: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 1, ...fields })}\n\n`;
  const failed = (code: string) =>
    event('response.failed', {
      response: { id: 'r', status: 'failed', error: { code, message: 'secret sk-123' }, output: [] },
    });
  const inStream = (type: string): Record<string, string> => ({
    anthropic: `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, message: 'secret sk-123' } })}\n\n`,
    openai: `data: ${JSON.stringify({ error: { message: 'secret sk-123', type, code: type } })}\n\n`,
    responses: failed(type),
    google: `data: ${JSON.stringify({ error: { code: 503, message: 'secret sk-123', status: type } })}\r\n\r\n`,
  });
  const begun: Record<string, string> = {
    anthropic: [
      [
        'message_start',
        { message: { id: 'm', type: 'message', role: 'assistant', content: [], model: 'x' } },
      ],
      ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
      ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'One ' } }],
    ]
      .map(
        ([type, fields]) =>
          `event: ${type as string}\ndata: ${JSON.stringify({ type, ...(fields as object) })}\n\n`,
      )
      .join(''),
    openai: `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { role: 'assistant', content: 'One ' } }] })}\n\n`,
    responses: event('response.output_text.delta', { output_index: 0, content_index: 0, delta: 'One ' }),
    google: `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text: 'One ' }] }, index: 0 }] })}\r\n\r\n`,
  };

  it.each(
    PROVIDERS.flatMap((provider) => [
      [provider, 'overloaded_error', 'model_unavailable'] as const,
      [provider, 'api_error', 'model_unavailable'] as const,
    ]),
  )(
    '[R15] [R17] of %s, %s, at its start is tried again; after a word it keeps that and fails',
    async (provider, type, code) => {
      const frames = [inStream(type)[provider] as string];
      const first = await run(provider, [{ kind: 'raw', frames }]);
      expect([first.error?.code, first.text, first.asked]).toEqual([code, '', 3]);
      expect(first.error?.message).not.toContain('sk-123');
      const later = await run(provider, [{ kind: 'raw', frames: [begun[provider] as string, ...frames] }]);
      expect([later.error?.code, later.text, later.asked]).toEqual([code, 'One ', 1]);
    },
  );

  it.each([
    ['anthropic', () => inStream('rate_limit_error')['anthropic'], 'model_rate_limited', 3],
    ['openai', () => inStream('rate_limit_exceeded')['openai'], 'model_rate_limited', 3],
    ['responses', () => failed('rate_limit_exceeded'), 'model_rate_limited', 3],
    ['responses', () => failed('server_error'), 'model_unavailable', 3],
    ['responses', () => failed('invalid_prompt'), 'model_request_rejected', 1],
    ['responses', () => failed('context_length_exceeded'), 'model_context_length', 1],
    [
      'responses',
      () => event('error', { code: 'rate_limit_exceeded', message: 'secret sk-123', param: null }),
      ...(['model_rate_limited', 3] as const),
    ],
    [
      'responses',
      () =>
        event('error', { error: { type: 'server_error', code: 'server_error', message: 'secret sk-123' } }),
      ...(['model_unavailable', 3] as const),
    ],
  ] as const)('[R14] [R17] of %s has its own code: %s', async (provider, frame, code, requests) => {
    const { error, asked } = await run(provider, [{ kind: 'raw', frames: [frame() as string] }]);
    expect([error?.code, asked]).toEqual([code, requests]);
    expect(error?.message).not.toContain('sk-123');
  });
});
