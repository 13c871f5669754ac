import { forgetTracing } from '../../config/tracing.js';

export type LangChain = Awaited<ReturnType<typeof load>>;

let loading: ReturnType<typeof load> | undefined;

/** LangChain, loaded at its first use: it takes half a second, which a start or a request must not wait for. */
export function loadLangChain(): Promise<LangChain> {
  loading ??= load();
  return loading;
}

/** One after the other: overlapping imports of the same files break under Jest's module loader. */
async function load() {
  // LangSmith would send prompts and results to a third party whenever its variables happen to be set.
  forgetTracing();
  // Where it would look for what it is not given. All is given, and each promise of the process would pay for it.
  const { AsyncLocalStorageProviderSingleton, MockAsyncLocalStorage } =
    await import('@langchain/core/singletons');
  AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new MockAsyncLocalStorage());
  const { createAgent, createMiddleware } = await import('langchain');
  const { AIMessage, HumanMessage, SystemMessage, ToolMessage } = await import('@langchain/core/messages');
  return { createAgent, createMiddleware, AIMessage, HumanMessage, SystemMessage, ToolMessage };
}
