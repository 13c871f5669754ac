import { type AgentSpec } from './agent.js';

const LIMITS = { maxSteps: 40, maxToolCalls: 40, maxTokens: 200_000, maxCostUsd: 1, timeoutMs: 300_000 };

function agent(
  spec: Partial<AgentSpec> & Pick<AgentSpec, 'name' | 'title' | 'description' | 'instructions'>,
): AgentSpec {
  return {
    model: null,
    fallbackModels: [],
    tools: [],
    subAgents: [],
    pattern: 'single',
    limits: LIMITS,
    approval: 'destructive',
    memory: { window: 40, summarise: false },
    ...spec,
  };
}

/** The agents of a new installation. A change here becomes a new version beside an edited one. */
export const SEED_AGENTS: readonly AgentSpec[] = [
  agent({
    name: 'code-historian',
    title: 'Code historian',
    description:
      'Answers questions about the Git history of a repository: who changed a file, when and why, how many commits touched it, what a commit contains.',
    instructions:
      'You answer questions about the Git history. Look every fact up with your tools; never guess an author, a date or a number. Quote commit hashes in short form.',
    tools: ['git_log', 'git_show'],
  }),
  agent({
    name: 'code-reader',
    title: 'Code reader',
    description:
      'Searches and reads the source code and documents of the workspace: where something is defined or used, what a file contains.',
    instructions:
      'You answer questions about the code in the workspace. Search before you read, read before you answer, and name the file and line of what you quote.',
    tools: ['code_search', 'read_file'],
  }),
  agent({
    name: 'analyst',
    title: 'Analyst',
    description:
      'Calculates exactly and works with data: arithmetic, percentages, unit conversion, dates and time zones, queries over JSON, statistics of a text.',
    instructions:
      'You do exact work with numbers, dates and data. Use a tool for every calculation, however small, and give the result with its unit.',
    tools: ['calculator', 'datetime', 'json_query', 'text_stats'],
  }),
  agent({
    name: 'writer',
    title: 'Writer',
    description:
      'Writes, rewrites, shortens and translates texts: summaries, e-mails, release notes, documentation.',
    instructions:
      'You write clear, short texts in the language of the request. Use only facts that you were given; ask for what is missing.',
  }),
  agent({
    name: 'assistant',
    title: 'Assistant',
    description:
      'Answers any question by asking the agents that know: code history, source code, calculation and data, writing.',
    instructions:
      'You coordinate specialists. Split the request into parts, give each part to the specialist whose description fits, ask independent ones at the same time, and answer from what they found. Today is {{date}}.',
    subAgents: ['code-historian', 'code-reader', 'analyst', 'writer'],
    pattern: 'supervisor',
  }),
];
