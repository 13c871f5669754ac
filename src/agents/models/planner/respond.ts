/** A tool as the planner sees it: what an LLM would see. */
export interface PlannerTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface PlannedCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** A message of the conversation. */
export interface Turn {
  readonly role: 'human' | 'ai' | 'tool' | 'other';
  readonly text: string;
  readonly calls: readonly {
    readonly id?: string;
    readonly name: string;
    readonly args: Record<string, unknown>;
  }[];
  readonly callId?: string;
  readonly failed: boolean;
}

export interface Reply {
  readonly text: string;
  readonly calls: readonly PlannedCall[];
}

/** What the planner says next. */
export function respond(turns: readonly Turn[], tools: readonly PlannerTool[]): Reply {
  const at = turns.findLastIndex((turn) => turn.role === 'human');
  const request = turns[at]?.text ?? '';
  const results = turns.slice(at + 1).filter((turn) => turn.role === 'tool');
  if (results.length > 0) return { text: results.map((result) => result.text).join('\n'), calls: [] };
  const calls = tools.slice(0, 1).map((tool) => ({ name: tool.name, args: { task: request } }));
  return {
    text: calls.length > 0 ? `I will use ${calls[0]?.name ?? ''}.` : 'I have no tool for that.',
    calls,
  };
}
