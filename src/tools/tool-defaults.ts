import {
  type ToolAccess,
  type ToolAnnotations,
  type ToolDefinition,
  type ToolKind,
  type ToolPolicy,
} from './tool.js';

export const DEFAULT_POLICY: ToolPolicy = {
  timeoutMs: 30_000,
  retries: 0,
  rateLimit: null,
  concurrency: 16,
  cacheTtlMs: 0,
  cacheScope: 'private',
  approval: 'destructive',
  maxResultBytes: 128 << 10,
};

/** Tools behind a network. Sources of these kinds do not retry by themselves: the executor does, by `policy.retries`. */
const REMOTE: ReadonlySet<ToolKind> = new Set(['http', 'openapi', 'sql', 'mcp']);

/** The policy of a new tool: a remote one that only reads is tried three times in all. [R36] */
export function defaultPolicy(kind: ToolKind, annotations: ToolAnnotations): ToolPolicy {
  return REMOTE.has(kind) && annotations.readOnlyHint === true
    ? { ...DEFAULT_POLICY, retries: 2 }
    : DEFAULT_POLICY;
}

/** May a call be made twice? Then it may be retried, and its result kept. */
export function isRepeatable({ readOnlyHint, idempotentHint }: ToolAnnotations): boolean {
  return readOnlyHint === true || idempotentHint === true;
}

/** What says of itself that it deletes or overwrites. */
export function isDestructive({ destructiveHint, readOnlyHint }: ToolAnnotations): boolean {
  return destructiveHint === true && readOnlyHint !== true;
}

/**
 * Known to do no harm: it says that it changes nothing, or that it destroys nothing. A tool that says neither is taken
 * to be destructive, as in the MCP specification (ToolAnnotations: destructiveHint is true by default). [S67]
 */
export function isHarmless({ destructiveHint, readOnlyHint }: ToolAnnotations): boolean {
  return readOnlyHint === true || destructiveHint === false;
}

/** Has an agent to wait for a person before it calls this tool, by its policy alone? Agent and run may ask for more. */
export function needsApproval({
  annotations,
  policy,
}: Pick<ToolDefinition, 'annotations' | 'policy'>): boolean {
  return policy.approval === 'always' || (policy.approval === 'destructive' && !isHarmless(annotations));
}

/** Everyone with `tools:call`; what says of itself that it destroys is for admins. */
export function defaultAccess(annotations: ToolAnnotations): ToolAccess {
  return { roles: isDestructive(annotations) ? ['admin'] : [], users: [], agents: [] };
}
