import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  PACKAGED,
  type PackagedProvider,
  PackageProvider,
} from '../../src/agents/models/package.provider.js';
import { ChatModels } from '../../src/agents/models/chat-models.service.js';
import { startGoogleServer } from '../fakes/google-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { THOUGHT } from '../fakes/openai-responses.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('models without a key', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server?.stop());

  it('are listed: the planner as rules, the others with what to set', async () => {
    const { body } = await server.call('GET', '/api/v1/models', { token: await server.login() });
    const [planner, openai, anthropic, google, azure, mistral] = body.items;
    expect(planner).toMatchObject({ id: 'builtin:planner', available: true, isDefault: true });
    expect(planner.description).toMatch(/not an llm/i);
    expect(openai).toMatchObject({ id: 'openai:*', available: false });
    expect(openai.reason).toContain('OPENAI_API_KEY');
    expect(anthropic.reason).toContain('ANTHROPIC_API_KEY');
    expect(google.reason).toContain('GOOGLE_API_KEY');
    expect(azure.reason).toContain('AZURE_OPENAI_ENDPOINT');
    expect(mistral.reason).toBe('run npm install @langchain/mistralai and set MISTRAL_API_KEY.');
    expect(planner.capabilities).toMatchObject({ tools: true, structuredOutput: false });
    expect(openai.capabilities).toMatchObject({ tools: true, streaming: true });
  });

  it('open the planner by default, and name the variable that another one needs', async () => {
    const models = server.app.get(ChatModels);
    expect(await models.open(null)).toMatchObject({ id: 'builtin:planner', generatedBy: 'rules' });
    const refused: [string, RegExp][] = [
      ['openai:gpt-5-mini', /OPENAI_API_KEY/],
      ['anthropic:claude', /ANTHROPIC_API_KEY/],
      ['nobody:x', /no model provider/],
      ['mistral:large', /npm install @langchain\/mistralai/],
      ['bedrock:nova', /npm install @langchain\/aws/],
      ['builtin:other', /builtin:planner/],
    ];
    for (const [id, message] of refused) {
      await expect(models.open(id)).rejects.toMatchObject({
        code: 'model_not_available',
        message: expect.stringMatching(message),
      });
    }
  });

  it('never let rules stand in for an LLM', async () => {
    const models = server.app.get(ChatModels);
    await expect(
      models.open('openai:gpt-5-mini', { fallbackModels: ['builtin:planner'] }),
    ).rejects.toMatchObject({
      code: 'model_not_available',
    });
  });
});

describe('a model behind OPENAI_BASE_URL', () => {
  let llm: LlmServer;
  let server: TestApp;
  beforeAll(async () => {
    llm = await startOpenAiServer();
    server = await startTestApp({ LLM_MODEL: 'openai:local-1', OPENAI_BASE_URL: llm.url });
  });
  afterAll(async () => {
    await server?.stop();
    await llm?.close();
  });

  it('is the default, needs no key, and answers', async () => {
    const { body } = await server.call('GET', '/api/v1/models', { token: await server.login() });
    expect(body.items).toContainEqual(
      expect.objectContaining({ id: 'openai:local-1', available: true, isDefault: true }),
    );
    llm.play({ kind: 'reply', text: 'From next door.' });
    const { model, generatedBy } = await server.app.get(ChatModels).open(null);
    expect(generatedBy).toBe('llm');
    expect((await model.invoke('hi')).text).toBe('From next door.');
    expect(llm.requests.at(-1)).toMatchObject({ model: 'local-1', stream: true });
  });
});

describe('a model that is not set up as it should be', () => {
  let llm: LlmServer;
  let server: TestApp;
  let token: string;
  /** Asks a model once, and gives what its run and GET models say. */
  async function failure() {
    const name = `a${Math.random().toString(36).slice(2)}`;
    const agent = { name, description: 'd', instructions: 'Help.' };
    await server.call('POST', '/api/v1/agents', { token, body: agent });
    const body = { input: 'Hi', agent: name };
    const { body: run } = await server.call('POST', '/api/v1/runs', { token, body });
    const done = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=20000`, { token });
    const models = (await server.call('GET', '/api/v1/models', { token })).body.items;
    const { problem } = models.find(({ isDefault }: { isDefault: boolean }) => isDefault);
    return { error: done.body.error, problem };
  }
  beforeAll(async () => {
    llm = await startOpenAiServer();
    server = await startTestApp({
      LLM_MODEL: 'openai:local-1',
      OPENAI_BASE_URL: llm.url,
      OPENAI_API_KEY: 'k',
    });
    token = await server.login();
  });
  afterAll(async () => {
    await server?.stop();
    await llm?.close();
  });

  const refusal = (status: number, message: string) => ({ kind: 'error', status, message }) as const;
  it.each([
    ['a wrong key', refusal(401, 'no'), 'model_unauthorized', /check OPENAI_API_KEY\./],
    [
      'a wrong name',
      refusal(404, 'no such model'),
      'model_not_found',
      /know openai:local-1.*OPENAI_BASE_URL.*\/v1/,
    ],
    [
      'Ollama with a model without tools',
      refusal(400, 'registry.ollama.ai/library/gemma:2b does not support tools'),
      ...(['model_request_rejected', /cannot call tools/] as const),
    ],
    [
      'vLLM without its tool parser',
      refusal(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
      ...(['model_request_rejected', /cannot call tools/] as const),
    ],
    [
      'a reasoning model with a temperature',
      refusal(400, "Unsupported value: 'temperature' does not support 0 with this model."),
      ...(['model_request_rejected', /check modelSettings/] as const),
    ],
    [
      'a web page at the address',
      { kind: 'html' } as const,
      'model_unavailable',
      /check that it runs, and OPENAI_BASE_URL/,
    ],
  ])('says what to mend: %s', async (_, script, code, words) => {
    llm.play(script);
    const { error, problem } = await failure();
    expect(error).toEqual({ code, message: expect.stringMatching(words) });
    expect(problem).toBe(error.message);
    llm.play({ kind: 'reply', text: 'Fine.' });
    expect(await failure()).toEqual({ error: undefined, problem: undefined });
  });

  describe('that refuses tools in chat completions while it reasons', () => {
    const refused = refusal(
      400,
      "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
    );
    type Body = Readonly<Record<string, unknown>>;
    const isResponses = (body: Body) => 'input' in body;
    const without = (body: Body) => body.reasoning_effort === 'none';
    const wayOf = (body: Body) => (isResponses(body) ? 'responses' : without(body) ? 'none' : 'chat');
    let agents = 0;
    /** Runs an agent with a tool that calls it, twice; gives its answers and how the model was asked. */
    async function runTwice(model: string, script: (body: Body) => Script) {
      agents += 1;
      const agent = { name: `caller-${agents}`, description: 'd', instructions: 'i', tools: ['calculator'] };
      await server.call('POST', '/api/v1/agents', { token, body: { ...agent, model } });
      llm.think(() => script(llm.requests.at(-1) ?? {}));
      const before = llm.requests.length;
      const said: unknown[] = [];
      for (let round = 0; round < 2; round += 1) {
        const body = { input: 'Hi', agent: agent.name };
        const { body: run } = await server.call('POST', '/api/v1/runs', { token, body });
        const done = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=20000`, { token });
        said.push(done.body.output?.text ?? done.body.error.message);
      }
      return { said, ways: llm.requests.slice(before).map(wayOf) };
    }
    const hasResult = (body: Body) => JSON.stringify(body).includes('6 * 7 = 42');
    const answer = (body: Body): Script =>
      hasResult(body)
        ? { kind: 'reply', text: 'It is 42.' }
        : { kind: 'reply', calls: [{ name: 'calculator', args: { expression: '6 * 7' } }] };

    it('is asked by the Responses API, and from then on at once', async () => {
      const { said, ways } = await runTwice('openai:gpt-5.6', (body) =>
        isResponses(body) ? answer(body) : refused,
      );
      expect(said).toEqual(['It is 42.', 'It is 42.']);
      expect(ways).toEqual(['chat', ...Array<string>(4).fill('responses')]);
      expect(JSON.stringify(llm.requests.at(-1)?.input)).toContain(THOUGHT.encrypted_content);
      expect(llm.requests.at(-1)).toMatchObject({ store: false });
    });

    it('is asked without reasoning where its server has no such API, and from then on at once', async () => {
      const { said, ways } = await runTwice('openai:behind-gateway', (body) => {
        if (isResponses(body)) return refusal(404, 'Not Found');
        return without(body) ? answer(body) : refused;
      });
      expect(said).toEqual(['It is 42.', 'It is 42.']);
      expect(ways).toEqual(['chat', 'responses', ...Array<string>(4).fill('none')]);
    });

    it('says what to mend when that is refused too', async () => {
      const { said, ways } = await runTwice('openai:hopeless', (body) =>
        isResponses(body) ? refusal(404, 'Not Found') : refused,
      );
      expect(said[0]).toMatch(/^openai:hopeless calls tools by the Responses API only.*OPENAI_API/);
      expect(ways).toEqual(['chat', 'responses', 'none', 'chat', 'responses', 'none']);
    });
  });

  it('says what to mend: nobody is at the address', async () => {
    await llm.close();
    const { error } = await failure();
    expect(error.code).toBe('model_unavailable');
    expect(error.message).toMatch(/openai:local-1 cannot be reached.*OPENAI_BASE_URL/);
  });

  it('says what to mend: a package that is not installed', async () => {
    const agent = { name: 'mistral', description: 'd', instructions: 'i', model: 'mistral:large' };
    await server.call('POST', '/api/v1/agents', { token, body: agent });
    const body = { input: 'Hi', agent: 'mistral' };
    const { body: run } = await server.call('POST', '/api/v1/runs', { token, body });
    const done = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=20000`, { token });
    expect(done.body.error).toEqual({
      code: 'model_not_available',
      message: expect.stringContaining('run npm install @langchain/mistralai and set MISTRAL_API_KEY.'),
    });
  });
});

describe('a model of Google', () => {
  it('answers through the guarded fetch, and calls tools', async () => {
    const llm = await startGoogleServer();
    const server = await startTestApp({
      LLM_MODEL: 'google:gemini-fake',
      GOOGLE_BASE_URL: llm.url,
      GOOGLE_API_KEY: 'key-of-google',
    });
    try {
      const token = await server.login();
      llm.think(({ results }) =>
        results.length === 0
          ? { kind: 'reply', calls: [{ name: 'calculator', args: { expression: '6 * 7' } }] }
          : { kind: 'reply', text: `It is ${/42/.exec(results[0] ?? '')?.[0] ?? 'lost'}.` },
      );
      const body = { input: 'What is 6 * 7?', agent: 'analyst' };
      const { body: run } = await server.call('POST', '/api/v1/runs', { token, body });
      const done = await server.call('GET', `/api/v1/runs/${run.id}/wait?timeoutMs=20000`, { token });
      expect(done.body).toMatchObject({
        status: 'completed',
        output: { text: 'It is 42.' },
        usage: { inputTokens: 22, outputTokens: 14, estimated: false },
      });
      expect(llm.headers[0]?.['x-goog-api-key']).toBe('key-of-google');
      expect(llm.asked()[0]?.tools).toContain('calculator');
    } finally {
      await server.stop();
      await llm.close();
    }
  });
});

describe('a provider whose package the operator installs', () => {
  const [mistral] = PACKAGED;
  const provider = (module: Record<string, unknown>) =>
    new PackageProvider(
      mistral as PackagedProvider,
      { MISTRAL_API_KEY: 'k', GROQ_API_KEY: undefined, AWS_REGION: undefined },
      () => Promise.resolve(module),
    );

  it('is made by the class of its package, without retries of its own', async () => {
    class ChatMistralAI {
      constructor(readonly options: unknown) {}
    }
    const model: unknown = await provider({ ChatMistralAI }).open('mistral-large');
    expect(model).toEqual({ options: { model: 'mistral-large', maxRetries: 0, apiKey: 'k' } });
  });

  it('says so when the package has not what it should', async () => {
    await expect(provider({}).open('x')).rejects.toMatchObject({ code: 'model_not_available' });
  });
});
