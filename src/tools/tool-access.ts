import { type Actor, type Scope } from '../common/actor.js';
import { type AppError } from '../common/app-error.js';
import { CommonErrors } from '../common/common.errors.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition } from './tool.js';

/**
 * May this caller know of the tool, may he call it, and if not, why not? The one decision behind list, get, search
 * and call of every door. An agent passes its name: it acts with its user's rights, narrowed by `access.agents`.
 */
export interface ToolDecision {
  /** Its existence may be told. */
  readonly visible: boolean;
  /** Undefined when the caller may call it. */
  readonly refusal?: AppError;
}

export function decide(tool: ToolDefinition, actor: Actor, agent?: string): ToolDecision {
  const manages = actor.scopes.has('tools:manage');
  const admitted = isAdmitted(tool, actor, agent);
  const visible = (admitted && tool.state !== 'quarantined') || (manages && agent === undefined);
  if (!visible || !admitted) return { visible, refusal: ToolErrors.tool_not_found() };
  const missing = ['tools:call', ...tool.requiredScopes].filter((scope) => !actor.scopes.has(scope as Scope));
  if (missing.length > 0)
    return {
      visible,
      refusal: CommonErrors.insufficient_scope(`The credential lacks the scope ${missing.join(', ')}.`),
    };
  if (!tool.enabled)
    return {
      visible,
      refusal: ToolErrors.tool_disabled(`The tool ${tool.name} is disabled. An admin can enable it.`),
    };
  if (tool.state !== 'active')
    return { visible, refusal: ToolErrors.tool_unavailable(`The tool ${tool.name} is ${tool.state}.`) };
  return { visible };
}

/** Empty lists admit everyone; a user is admitted by role or by id; `agents` narrows which agents may use it. */
function isAdmitted({ access }: ToolDefinition, actor: Actor, agent: string | undefined): boolean {
  const byUser =
    (access.roles.length === 0 && access.users.length === 0) ||
    access.roles.includes(actor.role) ||
    access.users.includes(actor.userId);
  return byUser && (agent === undefined || access.agents.length === 0 || access.agents.includes(agent));
}
