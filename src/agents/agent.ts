/** How an agent works with others. */
export const AGENT_PATTERNS = ['single', 'supervisor', 'handoff', 'sequential', 'parallel'] as const;
export type AgentPattern = (typeof AGENT_PATTERNS)[number];

/** Who wrote a version: a release of this program, a file in EXTENSIONS_DIR, or a user through the API. */
export type AgentOrigin = 'seed' | 'file' | 'user';

/** Bounds of one run, shared by its whole tree of agents. */
export interface RunLimits {
  readonly maxSteps: number;
  readonly maxToolCalls: number;
  readonly maxTokens: number;
  readonly maxCostUsd: number;
  readonly timeoutMs: number;
}

/** What its author says about an agent. `tools` is an allow list of names and globs; `subAgents` are names of other agents. */
export interface AgentSpec {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly instructions: string;
  /** `<provider>:<model>`, or null for LLM_MODEL. */
  readonly model: string | null;
  readonly fallbackModels: readonly string[];
  readonly tools: readonly string[];
  readonly subAgents: readonly string[];
  readonly pattern: AgentPattern;
  readonly limits: RunLimits;
  readonly approval: 'never' | 'destructive' | 'always';
  readonly memory: AgentMemory;
  readonly modelSettings?: ModelSettings;
  /** What runs may give for `{{name}}` in the instructions. */
  readonly variables?: Readonly<Record<string, AgentVariable>>;
  /** JSON Schema 2020-12 of the answer. */
  readonly outputSchema?: Readonly<Record<string, unknown>> | null;
}

/** How the agent's model is asked. What is absent is the provider's default. */
export interface ModelSettings {
  /** 0 asks for the same answer every time, as far as the provider can. */
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
  /** How long the answer to an identical call is used again, when `temperature` is 0. Default: MODEL_CACHE_SECONDS. */
  readonly cacheSeconds?: number;
}

/** What an agent is shown of its conversation. */
export interface AgentMemory {
  /** Messages, the newest ones. */
  readonly window: number;
  /** Summarise what is older. */
  readonly summarise: boolean;
  /** Estimated tokens of a prompt; older messages and tool results are left out beyond. */
  readonly maxTokens?: number;
}

/** A variable of the instructions. Without a default, and not required, it is empty text. */
export interface AgentVariable {
  readonly description: string;
  readonly default?: string;
  readonly required?: boolean;
}

/** An agent as the registry holds it. */
export interface AgentDefinition extends AgentSpec {
  readonly version: number;
  /** Shared agents are everyone's, managed by admins; the others are private to one user. */
  readonly shared: boolean;
  readonly origin: AgentOrigin;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One state of an agent; the one in use is `current`. */
export interface AgentVersion extends AgentSpec {
  readonly version: number;
  readonly origin: AgentOrigin;
  readonly current: boolean;
  readonly createdAt: Date;
}
