import MiniSearch from 'minisearch';
import { type SchemaParameter, schemaParameters } from '../../../tools/schema/parameters.js';
import { blank, findValues, type Kind, type Value } from './language/values.js';
import { asked, GENERIC, synonyms, words } from './language/words.js';

/** A tool as the planner sees it: what an LLM would see. */
export interface PlannerTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface Parameter extends SchemaParameter {
  /** What kinds of value it takes, best first. */
  readonly kinds: readonly Kind[];
  /** Nothing tells what it takes: any text may be meant, none surely. */
  readonly vague: boolean;
}

/** Kinds of value by the format of a parameter, the words of its name, or else of its description. */
const TAKES: readonly (readonly [RegExp, ...Kind[]])[] = [
  [/expr|formula|equation|calculation|arithmetic/i, 'expression'],
  [/json/i, 'json'],
  [/ur[li]\b|\blink\b|website|endpoint/i, 'url'],
  [/e-?mail|recipient/i, 'email'],
  [/phone|mobile/i, 'phone'],
  [/time.?zone|\btz\b|\bzone\b/i, 'zone'],
  [/\bpath|\bfile|folder|directory|\bdir\b|\bhost/i, 'path'],
  [/\bhash\b|\bcommit\b|\bsha\d*\b|revision|\brev\b|\bref\b/i, 'hash'],
  [/\bdate|\bday\b|\bmonth\b|\btime\b|\bsince\b|\buntil\b|deadline|\bdue\b/i, 'date'],
  [/currency|ticker|\biso\b/i, 'code'],
  [/text|content|body|message|\bnotes?\b|comment|sentence|document|input|subject|summary/i, 'quoted'],
  [/quer(?:y|ies)|search|pattern|keyword|needle|regex|\bsymbol\b/i, 'quoted', 'identifier', 'code'],
  [/city|place|location|country|origin|destination|address|person|author/i, 'quoted', 'name'],
  [/title|\bname\b|topic|caption/i, 'quoted', 'name', 'identifier'],
  [/\bid\b|\bkey\b|ticket|issue|number/i, 'identifier', 'hash', 'quoted', 'number'],
];

const ANY: readonly Kind[] = ['quoted', 'identifier', 'name', 'path', 'code', 'number'];

/** The parameters of a tool, required ones first. */
export function parametersOf(tool: PlannerTool): Parameter[] {
  return schemaParameters(tool.parameters).map((parameter) => {
    const kinds = kindsOf(parameter);
    const isText = parameter.type === 'string';
    return {
      ...parameter,
      kinds: kinds ?? (isText || parameter.required ? ANY : []),
      vague: isText && kinds === undefined,
    };
  });
}

/** By format and name; by the examples of the description; a required one also by its words, else by anything. */
function kindsOf({ name, description, schema, required }: SchemaParameter): readonly Kind[] | undefined {
  const find = (text: string) =>
    TAKES.find(([pattern]) => pattern.test(text))?.slice(1) as Kind[] | undefined;
  const plain = name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  const shown = findValues(`as ${/\be\.g\.,? (.+)$/s.exec(description)?.[1] ?? ''}`).map(({ kind }) => kind);
  const known = find(String(schema.format)) ?? find(`${plain} ${words(name).join(' ')}`);
  if (known !== undefined || (!required && shown.length > 0)) return known ?? shown;
  const told = required ? find(description) : undefined;
  return shown.length + (told?.length ?? 0) === 0 ? undefined : [...shown, ...(told ?? ANY)];
}

/** How well a tool fits: `score` orders the tools, `coverage` is the part of the request's words that it knows (0..1). */
export interface Fit {
  readonly tool: PlannerTool;
  readonly score: number;
  readonly coverage: number;
}

/** What a value in the text tells about the tool that is wanted, whatever words it uses. */
const HINTS: Partial<Record<Kind, string>> = {
  ...{
    expression: 'calculate',
    json: 'json data',
    url: 'url web page',
    email: 'email',
    phone: 'phone message',
  },
  ...{ path: 'file path', hash: 'commit hash', date: 'date', zone: 'time zone', code: 'currency' },
};
const MAX_OTHERS = 50;

/** The tools of an agent, searchable by what is asked (BM25 over name, description and parameters). */
export class ToolIndex {
  private readonly index = new MiniSearch<PlannerTool & { id: string }>({
    ...{ fields: ['name', 'description', 'says'], tokenize: words, processTerm: (term: string) => term },
    storeFields: ['tool'],
  });

  constructor(private readonly tools: readonly PlannerTool[]) {
    const say = ({ name, description, choices = [] }: Parameter) =>
      `${name} ${description} ${choices.join(' ')}`;
    for (const tool of tools)
      this.index.add({ ...tool, id: tool.name, tool, says: parametersOf(tool).map(say).join(' ') } as never);
  }

  /** The tools that fit a request, best first. What a value looks like tells about the tool, too. */
  search(text: string, values: readonly Value[]): Fit[] {
    const own = wanted(text, values);
    const hints = values.flatMap(({ kind }) => words(HINTS[kind] ?? ''));
    const weights = new Map<string, number>();
    const add = (term: string, weight: number) => {
      for (const other of synonyms(term))
        weights.set(other, Math.max(weight * (other === term ? 1 : 0.45), weights.get(other) ?? 0));
    };
    for (const term of hints) add(term, own.length === 0 ? 1 : 0.5);
    for (const term of [...own, ...asked(text)]) add(term, GENERIC.has(term) ? 0.3 : 1);
    const isTelling = (term: string) => (weights.get(term) ?? 1) >= 0.5;
    const results = this.index.search([...weights.keys()].join(' '), {
      boost: { name: 1.5, says: 0.6 },
      boostTerm: (term) => weights.get(term) ?? 1,
      prefix: (term) => term.length > 3 && isTelling(term),
      fuzzy: (term) => (term.length > 4 && own.includes(term) ? 0.2 : false),
    });
    const terms = own.length > 0 ? own : hints;
    const found = new Set(results.map(({ tool }) => (tool as PlannerTool).name));
    // Nothing but a value was said, as in "show ABC-42": every tool is looked at.
    const others = this.tools
      .filter(({ name }) => values.length > 0 && !found.has(name))
      .slice(0, MAX_OTHERS);
    const rest = others.map((tool) => ({ tool, score: 0, coverage: 0 }));
    const fits = results.map(({ tool, score, queryTerms }) => {
      const hits = terms.filter((term) => [...synonyms(term)].some((other) => queryTerms.includes(other)));
      return { tool: tool as PlannerTool, score, coverage: hits.length / Math.max(1, terms.length) };
    });
    return [...fits.slice(0, 8), ...rest];
  }
}

/** The words of a request that are no argument. */
export function wanted(text: string, values: readonly Value[]): string[] {
  const own = words(values.filter(({ kind }) => kind !== 'code').reduce(blank, text));
  const isSum = values.some(({ kind }) => kind === 'expression');
  return isSum ? own.filter((word) => !synonyms(word).has('calculat')) : own;
}
