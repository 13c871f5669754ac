import { type Actor, type Scope } from '../common/actor.js';
import { type AppError } from '../common/app-error.js';
import { CommonErrors } from '../common/common.errors.js';
import { allowsTool } from './allow-list.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolDefinition } from './tool.js';

/** Who asks for a tool. An agent acts with its user's rights, narrowed by `access.agents` and its own allow list. */
export interface ToolCaller {
  readonly actor: Actor;
  readonly agent?: string;
  /** The agent's allow list: names and globs. */
  readonly agentTools?: readonly string[];
}

/**
 * May this caller know of the tool, may he call it, and if not, why not? The one decision behind list, get, search
 * and call of every door, and behind its explanation.
 */
export interface ToolDecision {
  /** Its existence may be told. */
  readonly visible: boolean;
  /** Why the caller may not call it; undefined when he may. Made when it is told: every list asks for every tool. */
  readonly refusal?: () => AppError;
}

/** One rule of a decision, in words for people. */
export interface DecisionStep {
  readonly rule: string;
  readonly passed: boolean;
  readonly reason: string;
  /** What would make it pass. */
  readonly fix?: string;
}

interface Rule {
  readonly name: string;
  /** A tool that fails it does not exist for the caller. */
  readonly hides: boolean;
  passes(tool: ToolDefinition, caller: ToolCaller): boolean;
  refuse(tool: ToolDefinition, caller: ToolCaller): AppError;
  say(tool: ToolDefinition, caller: ToolCaller, passed: boolean): Pick<DecisionStep, 'reason' | 'fix'>;
}

const notFound = () => ToolErrors.tool_not_found();

/** In the order in which they decide: the first that fails is the answer. */
const RULES: readonly Rule[] = [
  {
    name: 'agent_allow_list',
    hides: true,
    passes: ({ name }, { agentTools }) => agentTools === undefined || allowsTool(agentTools, name),
    refuse: notFound,
    say: ({ name }, { agent, agentTools }, passed) => {
      if (agentTools === undefined) return { reason: 'No agent asks.' };
      const list = agentTools.length === 0 ? 'is empty' : `is ${agentTools.join(', ')}`;
      const reason = `The allow list of the agent ${agent} ${list}.`;
      return passed ? { reason } : { reason, fix: `Add ${name} to "tools" of the agent.` };
    },
  },
  {
    name: 'access_user',
    hides: true,
    passes: ({ access: { roles, users } }, { actor }) =>
      (roles.length === 0 && users.length === 0) ||
      roles.includes(actor.role) ||
      users.includes(actor.userId),
    refuse: notFound,
    say: ({ access: { roles, users } }, { actor }, passed) => {
      if (roles.length === 0 && users.length === 0)
        return { reason: 'access.roles and access.users are empty: everyone is admitted.' };
      if (roles.includes(actor.role)) return { reason: `access.roles names the role ${actor.role}.` };
      if (passed) return { reason: 'access.users names the user.' };
      return {
        reason: `The role ${actor.role} is not in access.roles, nor the user in access.users.`,
        fix: `Add "${actor.role}" to access.roles or ${actor.userId} to access.users of the tool.`,
      };
    },
  },
  {
    name: 'access_agent',
    hides: true,
    passes: ({ access: { agents } }, { agent }) =>
      agent === undefined || agents.length === 0 || agents.includes(agent),
    refuse: notFound,
    say: ({ access: { agents } }, { agent }, passed) => {
      if (agent === undefined) return { reason: 'No agent asks.' };
      if (agents.length === 0) return { reason: 'access.agents is empty: every agent is admitted.' };
      if (passed) return { reason: `access.agents names ${agent}.` };
      return {
        reason: `access.agents is ${agents.join(', ')}; ${agent} is not among them.`,
        fix: `Add "${agent}" to access.agents of the tool.`,
      };
    },
  },
  {
    name: 'agents_by_sub_agents',
    hides: true,
    // A question through here would be a run of its own: outside the limits and the depth of the one that asks.
    passes: ({ kind }, { agent }) => agent === undefined || kind !== 'agent',
    refuse: notFound,
    say: ({ kind }, _caller, passed) => {
      if (kind !== 'agent') return { reason: 'It is not an agent.' };
      if (passed) return { reason: 'No agent asks.' };
      return {
        reason: 'Agents ask each other by their subAgents, not by tools.',
        fix: 'Add the agent to "subAgents" of the one that asks.',
      };
    },
  },
  {
    name: 'not_quarantined',
    hides: true,
    passes: ({ state }, caller) => state !== 'quarantined' || manages(caller),
    refuse: notFound,
    say: ({ state, name }, _caller, passed) =>
      passed
        ? { reason: state === 'quarantined' ? 'An admin sees what is quarantined.' : `It is ${state}.` }
        : {
            reason: 'Its definition has changed and waits for an approval.',
            fix: `An admin approves it: POST /api/v1/tools/${name}/versions/<version>/approve.`,
          },
  },
  {
    name: 'scopes',
    hides: false,
    passes: (tool, { actor }) => missingScopes(tool, actor).length === 0,
    refuse: (tool, { actor }) =>
      CommonErrors.insufficient_scope(
        `The credential lacks the scope ${missingScopes(tool, actor).join(', ')}.`,
      ),
    say: (tool, { actor }, passed) => {
      if (passed) return { reason: `The credential holds ${neededScopes(tool).join(', ')}.` };
      const list = missingScopes(tool, actor).join(', ');
      return { reason: `The credential lacks ${list}.`, fix: `Use a credential with the scope ${list}.` };
    },
  },
  {
    name: 'enabled',
    hides: false,
    passes: ({ enabled }) => enabled,
    refuse: ({ name }) => ToolErrors.tool_disabled(`The tool ${name} is disabled. An admin can enable it.`),
    say: ({ name }, _caller, passed) =>
      passed
        ? { reason: 'It is enabled.' }
        : { reason: 'It is disabled.', fix: `An admin enables it: mcp-server tools enable ${name}.` },
  },
  {
    name: 'available',
    hides: false,
    passes: ({ state }) => state === 'active',
    refuse: ({ name, state }) => ToolErrors.tool_unavailable(`The tool ${name} is ${state}.`),
    say: ({ state }, _caller, passed) =>
      passed
        ? { reason: 'It is active.' }
        : { reason: `It is ${state}.`, fix: 'See to its source; it comes back by itself when that does.' },
  },
];

/** Decides by the rules. */
export function decide(
  tool: ToolDefinition,
  actor: Actor,
  agent?: string,
  agentTools?: readonly string[],
): ToolDecision {
  const caller = { actor, agent, agentTools };
  const failed = RULES.find((rule) => !rule.passes(tool, caller));
  if (failed === undefined) return { visible: true };
  return { visible: !failed.hides || manages(caller), refusal: () => failed.refuse(tool, caller) };
}

/** The same decision, rule by rule. Tell it only to whom the tool is visible, or to an admin. */
export function explain(tool: ToolDefinition, caller: ToolCaller): readonly DecisionStep[] {
  return RULES.map((rule) => {
    const passed = rule.passes(tool, caller);
    return { rule: rule.name, passed, ...rule.say(tool, caller, passed) };
  });
}

/** Who manages tools sees them all; his agents see what he lets them. */
function manages({ actor, agent }: ToolCaller): boolean {
  return agent === undefined && actor.scopes.has('tools:manage');
}

function neededScopes({ requiredScopes }: ToolDefinition): readonly string[] {
  return ['tools:call', ...requiredScopes];
}

function missingScopes(tool: ToolDefinition, actor: Actor): readonly string[] {
  return neededScopes(tool).filter((scope) => !actor.scopes.has(scope as Scope));
}
