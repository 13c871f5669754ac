import { type ToolAccess, type ToolAnnotations, type ToolPolicy } from './tool.js';

export const DEFAULT_POLICY: ToolPolicy = {
  timeoutMs: 30_000,
  retries: 0,
  rateLimit: null,
  concurrency: 16,
  cacheTtlMs: 0,
  approval: 'destructive',
  maxResultBytes: 128 << 10,
};

/** Everyone with `tools:call`; what says of itself that it destroys is for admins. */
export function defaultAccess(annotations: ToolAnnotations): ToolAccess {
  const destroys = annotations.destructiveHint === true && annotations.readOnlyHint !== true;
  return { roles: destroys ? ['admin'] : [], users: [], agents: [] };
}
