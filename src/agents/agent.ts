/** How an agent works with others. */
export type AgentPattern = 'single' | 'supervisor' | 'handoff' | 'sequential' | 'parallel';

/** Bounds of one run, shared by its whole tree of agents. */
export interface RunLimits {
  readonly maxSteps: number;
  readonly maxToolCalls: number;
  readonly maxTokens: number;
  readonly maxCostUsd: number;
  readonly timeoutMs: number;
}

/** An agent as its row says. `tools` is an allow list of names and globs; `subAgents` are names of other agents. */
export interface AgentDefinition {
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
  readonly memory: { readonly window: number; readonly summarise: boolean };
  readonly version: number;
}
