import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatModels } from '../../src/agents/models/chat-models.service.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('models without a key', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server?.stop());

  it('are listed: the planner as rules, the others with what to set', async () => {
    const { body } = await server.call('GET', '/api/v1/models', { token: await server.login() });
    const [planner, openai, anthropic] = body.items;
    expect(planner).toMatchObject({ id: 'builtin:planner', available: true, isDefault: true });
    expect(planner.description).toMatch(/not an llm/i);
    expect(openai).toMatchObject({ id: 'openai:*', available: false });
    expect(openai.reason).toContain('OPENAI_API_KEY');
    expect(anthropic.reason).toContain('ANTHROPIC_API_KEY');
  });

  it('open the planner by default, and name the variable that another one needs', async () => {
    const models = server.app.get(ChatModels);
    expect(await models.open(null)).toMatchObject({ id: 'builtin:planner', generatedBy: 'rules' });
    const refused: [string, RegExp][] = [
      ['openai:gpt-5-mini', /OPENAI_API_KEY/],
      ['anthropic:claude', /ANTHROPIC_API_KEY/],
      ['nobody:x', /no model provider/],
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
    await expect(models.open('openai:gpt-5-mini', ['builtin:planner'])).rejects.toMatchObject({
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
