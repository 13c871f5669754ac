import { type Actor, scopesOf } from '../common/actor.js';
import { SecretErrors } from './secrets/secrets.errors.js';
import { type ToolContext } from './tool.js';

/**
 * A context for tests of your own tools: `await tool.run(args, createToolContext())`. Nothing leaves the process, the
 * deadline is 30 s away; override what a test needs.
 */
export function createToolContext(overrides: Partial<ToolContext> = {}): ToolContext {
  const actor: Actor = {
    userId: '00000000-0000-7000-8000-000000000000',
    role: 'member',
    scopes: scopesOf('member'),
  };
  return {
    actor,
    signal: new AbortController().signal,
    deadline: Date.now() + 30_000,
    callId: '00000000-0000-7000-8000-000000000001',
    fetch: () => Promise.reject(new Error('createToolContext: give a fetch of your own')),
    log: () => undefined,
    progress: () => undefined,
    secret: noSecret,
    ...overrides,
  };
}

/** There are no secrets in a test. */
async function noSecret(name: string): Promise<string> {
  throw SecretErrors.secret_not_found(`There is no secret "${name}".`);
}
