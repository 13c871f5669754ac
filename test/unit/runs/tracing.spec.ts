import { expect, it } from '@jest/globals';
import { CallbackManager } from '@langchain/core/callbacks/manager';
import { loadLangChain } from '../../../src/runs/engine/langchain.js';

it('LangSmith stays off, whatever the environment says', async () => {
  Object.assign(process.env, { LANGSMITH_TRACING: 'true', LANGCHAIN_TRACING_V2: 'true' });
  expect(CallbackManager.configure()?.handlers.map((handler) => handler.name)).toContain('langchain_tracer');
  await loadLangChain();
  expect(CallbackManager.configure()?.handlers ?? []).toEqual([]);
});
