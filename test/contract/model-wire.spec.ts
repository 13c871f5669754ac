import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { AnthropicProvider } from '../../src/agents/models/anthropic.provider.js';
import { AzureProvider } from '../../src/agents/models/azure.provider.js';
import { GoogleProvider } from '../../src/agents/models/google.provider.js';
import { ModelBreakers } from '../../src/agents/models/model-breakers.js';
import { type ModelProvider, type ModelUse } from '../../src/agents/models/model-provider.js';
import { OpenAiProvider } from '../../src/agents/models/openai.provider.js';
import { ResilientModel } from '../../src/agents/models/resilient.model.js';
import { startAnthropicServer } from '../fakes/anthropic-server.js';
import { startGoogleServer } from '../fakes/google-server.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';

const STRICT = {
  type: 'object',
  properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 0 } },
  required: ['city', 'people'],
  additionalProperties: false,
};
const LOOSE = { ...STRICT, required: ['city'] };
const TOOL = {
  type: 'function' as const,
  function: { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: {} } },
};

let openai: LlmServer;
let anthropic: LlmServer;
let google: LlmServer;
beforeAll(async () => {
  openai = await startOpenAiServer();
  anthropic = await startAnthropicServer();
  google = await startGoogleServer();
});
afterAll(async () => {
  for (const server of [openai, anthropic, google]) await server?.close();
});

/** Asks once; gives the body of the request. */
async function sent(server: LlmServer, provider: ModelProvider, use: ModelUse, tools: object[] = []) {
  const candidate = { id: `${provider.name}:fake-1`, model: await provider.open('fake-1', use) };
  const model = new ResilientModel([candidate], new ModelBreakers());
  const asked = tools.length === 0 ? model : model.bindTools(tools as never);
  await asked.invoke([new SystemMessage('Be brief.'), new HumanMessage('Oslo?')]);
  return server.requests.at(-1);
}
/** A provider of OpenAI's own address, whose requests end at the loopback server. */
const ownFetch = (base: string) => () =>
  ((input: string | URL | Request, init?: RequestInit) =>
    globalThis.fetch(
      String(input instanceof Request ? input.url : input).replace(base, openai.url),
      init,
    )) as typeof fetch;
const own = () => new OpenAiProvider({ OPENAI_API_KEY: 'k' }, ownFetch('https://api.openai.com/v1'));
const local = () => new OpenAiProvider({ OPENAI_BASE_URL: openai.url }, () => globalThis.fetch);

const OPENAI_BODY = {
  model: 'fake-1',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Oslo?' },
  ],
  stream: true,
  stream_options: { include_usage: true },
};
const formatOf = (schema: object, strict: boolean) => ({
  type: 'json_schema',
  json_schema: { name: 'answer', schema, strict },
});

describe('the request of a call, in the wire format of', () => {
  it('OpenAI: with a schema, strict when the schema allows', async () => {
    expect(await sent(openai, own(), { output: STRICT, temperature: 0, maxOutputTokens: 500 })).toEqual({
      ...OPENAI_BODY,
      ...{ temperature: 0, max_tokens: 500, response_format: formatOf(STRICT, true) },
    });
    expect(await sent(openai, own(), { output: LOOSE })).toEqual({
      ...OPENAI_BODY,
      response_format: formatOf(LOOSE, false),
    });
    expect(await sent(openai, own(), {})).toEqual(OPENAI_BODY);
  });

  it('OpenAI: the schema goes beside tools; to a compatible server it does not, which could not call them then', async () => {
    const use = { output: STRICT, withTools: true };
    const body = { ...OPENAI_BODY, tools: [TOOL], response_format: formatOf(STRICT, true) };
    expect(await sent(openai, own(), use, [TOOL])).toEqual(body);
    expect(await sent(openai, local(), use, [TOOL])).toEqual({ ...OPENAI_BODY, tools: [TOOL] });
    expect(await sent(openai, local(), { output: STRICT })).toEqual({
      ...OPENAI_BODY,
      response_format: formatOf(STRICT, true),
    });
  });

  it('Azure OpenAI: as OpenAI', async () => {
    const env = { AZURE_OPENAI_ENDPOINT: 'https://x.example', AZURE_OPENAI_API_KEY: 'k' };
    const azure = new AzureProvider(env, ownFetch('https://x.example/openai/v1'));
    expect(await sent(openai, azure, { output: STRICT })).toEqual({
      ...OPENAI_BODY,
      response_format: formatOf(STRICT, true),
    });
  });

  it('Anthropic: output_config, closed, without what the provider does not know', async () => {
    const env = { ANTHROPIC_BASE_URL: anthropic.url, ANTHROPIC_API_KEY: 'k' };
    const provider = new AnthropicProvider(env, () => globalThis.fetch);
    const { additionalProperties: _, ...open } = LOOSE;
    const body = {
      model: 'fake-1',
      max_tokens: 500,
      temperature: 0,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Oslo?' }],
      stream: true,
      output_config: {
        format: {
          type: 'json_schema',
          schema: { ...LOOSE, properties: { city: { type: 'string' }, people: { type: 'integer' } } },
        },
      },
    };
    const use = { output: open, temperature: 0, maxOutputTokens: 500 };
    expect(await sent(anthropic, provider, use)).toEqual(body);
    // An object of any keys cannot be said there: it is asked for in words only.
    const map = { type: 'object', additionalProperties: { type: 'string' } };
    expect(await sent(anthropic, provider, { output: map })).not.toHaveProperty('output_config');
  });

  it('Google: responseJsonSchema, but not beside tools', async () => {
    const env = { GOOGLE_BASE_URL: google.url, GOOGLE_API_KEY: 'k' };
    const provider = new GoogleProvider(env, () => globalThis.fetch);
    const config = { candidateCount: 1 };
    const body = {
      contents: [{ role: 'user', parts: [{ text: 'Oslo?' }] }],
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
    };
    const schema = { ...STRICT, pattern: 'ignored' };
    const use = { output: schema, temperature: 0, maxOutputTokens: 500 };
    expect(await sent(google, provider, use)).toEqual({
      ...body,
      generationConfig: {
        ...{ ...config, temperature: 0, maxOutputTokens: 500 },
        ...{ responseMimeType: 'application/json', responseJsonSchema: STRICT },
      },
    });
    const withTools = await sent(google, provider, { output: STRICT, withTools: true }, [TOOL]);
    expect(withTools?.generationConfig).toEqual(config);
  });
});
