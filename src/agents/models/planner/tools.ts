import MiniSearch from 'minisearch';
import { asked, synonyms, weightOf, words } from './words.js';
import { blank, type Value } from './values.js';

/** A tool as the planner sees it: what an LLM would see. */
export interface PlannerTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly format: string;
  readonly required: boolean;
  readonly choices?: readonly unknown[];
  readonly hasDefault: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** The parameters of a tool, required ones first. */
export function parametersOf(tool: PlannerTool): Parameter[] {
  const { properties, required } = (tool.parameters ?? {}) as { properties?: object; required?: unknown };
  return Object.entries(properties ?? {})
    .map(([name, given]: [string, unknown]) => {
      const schema = narrow(given);
      const choices = Array.isArray(schema.enum)
        ? schema.enum
        : 'const' in schema
          ? [schema.const]
          : undefined;
      return {
        name,
        description: text(schema.description) ?? '',
        type: text(schema.type) ?? (choices === undefined ? 'string' : typeof choices[0]),
        format: text(schema.format) ?? '',
        required: Array.isArray(required) && required.includes(name),
        choices,
        hasDefault: 'default' in schema,
        schema,
      };
    })
    .sort((a, b) => Number(b.required) - Number(a.required));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The first branch of a union that is not null, with what the union itself says. */
function narrow(given: unknown): Record<string, unknown> {
  const schema = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  const union = [schema.anyOf, schema.oneOf].find(Array.isArray) as Record<string, unknown>[] | undefined;
  const branch = union?.find((option) => option.type !== 'null') ?? {};
  const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  const type = types.find((option) => option !== 'null');
  return { ...branch, ...schema, ...((type ?? branch.type) !== undefined && { type: type ?? branch.type }) };
}

/** How well a tool fits: `score` orders the tools, `coverage` is the part of the request's words that it knows (0..1). */
export interface Fit {
  readonly tool: PlannerTool;
  readonly score: number;
  readonly coverage: number;
  /** The same for what the values in the text hint at. */
  readonly hinted: number;
}

/** What a value in the text tells about the tool that is wanted, whatever words it uses. */
const HINTS: Partial<Record<Value['kind'], string>> = {
  expression: 'calculate arithmetic number',
  json: 'json data',
  url: 'url web http page',
  email: 'email',
  path: 'file path',
  hash: 'commit hash id',
  date: 'date',
  zone: 'time zone',
};

/** The tools of an agent, searchable by what is asked (BM25 over name, description and parameters). */
export class ToolIndex {
  private readonly index: MiniSearch<{ id: string }>;
  private readonly byName: ReadonlyMap<string, PlannerTool>;

  constructor(readonly tools: readonly PlannerTool[]) {
    this.byName = new Map(tools.map((tool) => [tool.name, tool]));
    this.index = new MiniSearch({
      fields: ['name', 'description', 'parameters'],
      tokenize: words,
      processTerm: (term) => term,
    });
    const documents = [...this.byName.values()].map((tool) => ({
      id: tool.name,
      name: tool.name,
      description: tool.description ?? '',
      parameters: parametersOf(tool)
        .map(({ name, description, choices }) => `${name} ${description} ${(choices ?? []).join(' ')}`)
        .join(' '),
    }));
    this.index.addAll(documents);
  }

  /** The tools that fit a request, best first. */
  search(text: string, values: readonly Value[]): Fit[] {
    const own = wanted(text, values);
    const hints = values.flatMap(({ kind }) => words(HINTS[kind] ?? ''));
    const weights = new Map<string, number>();
    const add = (term: string, weight: number) => weights.set(term, Math.max(weight, weights.get(term) ?? 0));
    for (const term of hints) add(term, own.length === 0 ? 1 : 0.5);
    for (const term of [...own, ...asked(text)])
      for (const other of synonyms(term)) add(other, 0.45 * weightOf(term));
    for (const term of [...own, ...asked(text)]) add(term, weightOf(term));
    if (weights.size === 0) return [];
    const results = this.index.search([...weights.keys()].join(' '), {
      boost: { name: 1.5, parameters: 0.6 },
      boostTerm: (term) => weights.get(term) ?? 1,
      prefix: (term) => term.length > 3 && (weights.get(term) ?? 1) >= 0.5,
      fuzzy: (term) => (term.length > 4 && (weights.get(term) ?? 1) >= 0.5 ? 0.2 : false),
    });
    return results.flatMap((result) => {
      const tool = this.byName.get(String(result.id));
      const known = new Set(result.queryTerms);
      return tool === undefined
        ? []
        : [
            {
              tool,
              score: result.score,
              coverage: coverage(own.length > 0 ? own : hints, known),
              hinted: coverage(hints, known),
            },
          ];
    });
  }
}

/** The words of a request that are no argument. */
export function wanted(text: string, values: readonly Value[]): string[] {
  const taken = values.filter(({ kind }) => kind !== 'code');
  const own = words(taken.reduce(blank, text));
  const arithmetic = values.some(({ kind }) => kind === 'expression');
  return arithmetic ? own.filter((word) => !OPERATORS.has(word)) : own;
}

const OPERATORS = new Set(
  words(
    'plus minus times multiplied divided percent percentage sum product average mean square root power squared cubed half double twice add subtract multiply divide difference between increase decrease total many km miles',
  ),
);

function coverage(asked: readonly string[], known: ReadonlySet<string>): number {
  if (asked.length === 0) return 0;
  const hit = (term: string) => known.has(term) || synonyms(term).some((other) => known.has(other));
  return asked.filter(hit).length / asked.length;
}
