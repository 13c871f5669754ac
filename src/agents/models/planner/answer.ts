import { type Parameter, parametersOf, type PlannerTool } from './tools.js';
import { takesWhole } from './arguments.js';

/** Ends every answer: nobody shall take rules for an LLM. */
export const NOTE = '(This answer comes from the built-in rule-based planner, not from an LLM.)';

const CONFIGURE =
  'For free conversation and writing an operator can connect an LLM: set LLM_MODEL, e.g. LLM_MODEL=openai:<model> with OPENAI_API_KEY, or anthropic:<model> with ANTHROPIC_API_KEY.';
const MAX_TEXT = 4000;
const MAX_ITEMS = 10;

/** `code_search` and `ask_code-reader` as people read them. */
export function titleOf(tool: PlannerTool): string {
  return tool.name.replace(/^ask_/, '').replaceAll('_', ' ').trim();
}

/** What will be done, said before it is done. */
export function announce(tools: readonly PlannerTool[]): string {
  const agents = unique(tools.filter(isAgent).map(titleOf));
  const others = unique(tools.filter((tool) => !isAgent(tool)).map(titleOf));
  const parts: string[] = [];
  if (agents.length > 0) parts.push(`ask ${list(agents)}${agents.length > 1 ? ' at the same time' : ''}`);
  if (others.length > 0) parts.push(`use ${list(others)}`);
  return `I will ${parts.join(' and ')}.`;
}

/** One clear question for what is missing. The next message is read as its answer, by ASKED. */
export function ask(tool: PlannerTool, { name, description, choices }: Parameter): string {
  const what = description === '' ? '' : ` (${description.replace(/[.\s]+$/, '')})`;
  const options = choices === undefined ? '' : ` One of: ${choices.join(', ')}.`;
  return `To use ${titleOf(tool)} I need "${name}"${what}.${options} What should it be?`;
}
export const ASKED = /I need "([^"]+)"/;

/** Plain words for what cannot be done, and what can. */
export function cannot(text: string, tools: readonly PlannerTool[]): string {
  return `I have no tool for "${text.length > 200 ? `${text.slice(0, 200)}…` : text}". ${abilities(tools)} ${CONFIGURE}`;
}

export function greet(tools: readonly PlannerTool[]): string {
  return `Hello. ${abilities(tools)} ${CONFIGURE}`;
}

function abilities(tools: readonly PlannerTool[]): string {
  if (tools.length === 0)
    return 'I am a rule-based planner and this agent has no tools, so I can do nothing here.';
  const shown = tools.slice(0, 20).map((tool) => {
    const first =
      /^.*?[.!](?=\s|$)|^.*$/s
        .exec(tool.description ?? '')?.[0]
        .trim()
        .slice(0, 160) ?? '';
    return `\n- ${titleOf(tool)}${first === '' ? '' : `: ${first}`}`;
  });
  const more = tools.length > shown.length ? `\n- and ${tools.length - shown.length} more` : '';
  return `What I can do:${shown.join('')}${more}\n`;
}

/** A result in words: a failure as such, JSON as its fields, text as it is. */
export function render(text: string, data: unknown, failed: boolean, request: string): string {
  const plain = text.replaceAll(NOTE, '').trim();
  if (failed) return `That failed: ${plain.slice(0, 500)}`;
  if (typeof data === 'object' && data !== null) return describe(data, request).slice(0, MAX_TEXT);
  if (plain === '') return 'Done; there was no output.';
  return plain.length > MAX_TEXT
    ? `${plain.slice(0, MAX_TEXT)}\n… (${plain.length - MAX_TEXT} more characters)`
    : plain;
}

function describe(data: object, request: string): string {
  if (Array.isArray(data)) return describeList('result', data, request);
  const entries = Object.entries(data as Record<string, unknown>).filter(
    ([, value]) => value !== null && value !== '',
  );
  const simple = entries.filter(([, value]) => typeof value !== 'object');
  const [question, answer] = [
    field(simple, /^(expression|formula|input|query)$/i),
    field(simple, /^(result|value|answer)$/i),
  ];
  if (question !== undefined && answer !== undefined && simple.length <= 3) {
    const unit = field(simple, /^unit$/i);
    return `${question} = ${answer}${unit === undefined ? '' : ` ${unit}`}`;
  }
  const lines = simple.length === 0 ? [] : [simple.map(([key, value]) => pair(key, value)).join(', ')];
  for (const [key, value] of entries) {
    if (Array.isArray(value)) lines.push(describeList(key, value, request));
    else if (typeof value === 'object') lines.push(`${label(key)}: ${inline(value)}`);
  }
  return lines.join('\n');
}

function describeList(key: string, items: readonly unknown[], request: string): string {
  const few =
    /\b(last|latest|newest|most recent|first|who|when)\b/i.test(request) &&
    !/\b(list|all|every|each|\d+)\b/i.test(request);
  if (items.length === 0) return `${label(key)}: none`;
  const count = few ? 1 : MAX_ITEMS;
  const shown = items.slice(0, count).map(inline);
  const more = items.length > count ? `\n… and ${items.length - count} more` : '';
  if (shown.length === 1) return `${label(key)}${items.length > 1 ? ' (the first one)' : ''}: ${shown[0]}`;
  return `${label(key)}:\n${shown.map((line) => `- ${line}`).join('\n')}${more}`;
}

function inline(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(inline).join(', ');
  return Object.entries(value as Record<string, unknown>)
    .filter(([, inner]) => inner !== null && inner !== '' && !(Array.isArray(inner) && inner.length === 0))
    .map(([key, inner]) => pair(key, inline(inner)))
    .join(', ');
}

function field(entries: readonly [string, unknown][], name: RegExp): string | undefined {
  const value = entries.find(([key]) => name.test(key))?.[1];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function pair(key: string, value: unknown): string {
  return `${label(key)}: ${String(value)}`;
}

function label(key: string): string {
  return key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
}

export function isAgent(tool: PlannerTool): boolean {
  return parametersOf(tool).some(takesWhole);
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
