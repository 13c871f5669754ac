import { afterAll, beforeAll } from '@jest/globals';
import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AnthropicProvider } from '../../src/agents/models/anthropic.provider.js';
import { GoogleProvider } from '../../src/agents/models/google.provider.js';
import { ModelBreakers } from '../../src/agents/models/model-breakers.js';
import { type ModelProvider } from '../../src/agents/models/model-provider.js';
import { OpenAiProvider } from '../../src/agents/models/openai.provider.js';
import { PlannerProvider } from '../../src/agents/models/planner.provider.js';
import { ResilientModel } from '../../src/agents/models/resilient.model.js';
import { startAnthropicServer } from '../fakes/anthropic-server.js';
import { startGoogleServer } from '../fakes/google-server.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { type ChatModelAdapter, describeChatModelContract } from './chat-model.js';

const PROMPTS = {
  text: 'Hello, what can you do?',
  one: 'What is the weather in Zürich?',
  two: 'What is the weather in Zürich? And what is 2 + 2?',
};
const plainFetch = () => globalThis.fetch;

describeChatModelContract('builtin:planner', () => ({
  open: () => new PlannerProvider().open('planner'),
  pending: () => 0,
  prompts: PROMPTS,
}));

/** An LLM as it is used: behind its time limits and retries. */
function adapterOf(server: () => LlmServer, provider: () => ModelProvider): ChatModelAdapter {
  return {
    open: async ({ text, calls, stall }): Promise<BaseChatModel> => {
      server().play({ kind: 'reply', text, calls, ...(stall && { fault: { kind: 'stall' } }) });
      const candidate = { id: 'x:fake-1', model: await provider().open('fake-1') };
      return new ResilientModel([candidate], new ModelBreakers());
    },
    pending: () => server().open(),
    prompts: PROMPTS,
  };
}

let openai: LlmServer;
let anthropic: LlmServer;
let google: LlmServer;
beforeAll(async () => {
  openai = await startOpenAiServer();
  anthropic = await startAnthropicServer();
  google = await startGoogleServer();
});
afterAll(async () => {
  await openai?.close();
  await anthropic?.close();
  await google?.close();
});

describeChatModelContract('openai', () =>
  adapterOf(
    () => openai,
    () => new OpenAiProvider({ OPENAI_BASE_URL: openai.url }, plainFetch),
  ),
);
describeChatModelContract('openai, Responses', () =>
  adapterOf(
    () => openai,
    () => new OpenAiProvider({ OPENAI_BASE_URL: openai.url, OPENAI_API: 'responses' }, plainFetch),
  ),
);
describeChatModelContract('anthropic', () =>
  adapterOf(
    () => anthropic,
    () =>
      new AnthropicProvider({ ANTHROPIC_API_KEY: 'sk-ant', ANTHROPIC_BASE_URL: anthropic.url }, plainFetch),
  ),
);
describeChatModelContract('google', () =>
  adapterOf(
    () => google,
    () => new GoogleProvider({ GOOGLE_API_KEY: 'key', GOOGLE_BASE_URL: google.url }, plainFetch),
  ),
);
