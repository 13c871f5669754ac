import { RE2JS } from 're2js';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { fieldErrorsOf } from '../common/field-errors.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';

const names = z.array(z.string().min(1)).max(100).default([]);

/** RE2 has no look-around and no back references, and no pattern can take long. */
const Pattern = z.string().refine((pattern) => {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}, 'is not a pattern of RE2 (no look-around, no back references)');

const Case = z.strictObject({
  name: z.string().max(200).optional(),
  input: z.string().min(1),
  agent: z.string().optional(),
  variables: z.record(z.string(), z.string()).optional(),
  expectedTools: names.describe('Tools and agents (ask_<name>) that must be called, in any order.'),
  notTools: names.describe('Tools that must not be called.'),
  assertions: z
    .strictObject({
      contains: names,
      notContains: names,
      matches: z.array(Pattern).max(100).default([]),
      equals: z
        .record(z.string().regex(/^(\/|$)/, 'must be a JSON Pointer such as /city'), z.unknown())
        .default({})
        .describe('Values in the structured output, or in the answer as JSON.'),
      maxSteps: z.int().min(1).optional(),
      maxCostUsd: z.number().min(0).optional(),
      maxDurationMs: z.int().min(1).optional(),
      status: z.string().default('completed'),
    })
    .prefault({}),
});
export type EvaluationCase = z.infer<typeof Case>;

const Evaluation = z.strictObject({ agent: z.string().optional(), cases: z.array(Case).min(1).max(500) });
export type Evaluation = z.infer<typeof Evaluation>;

/** What a run of a case came to. */
export interface Outcome {
  readonly status: string;
  readonly text: string;
  readonly structured?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  /** Names of the tools that were called, agents as `ask_<name>`, in order of time. */
  readonly tools: readonly string[];
  readonly modelCalls: number;
  readonly tokens: number;
  readonly costUsd: number;
  readonly durationMs: number;
}

/** Reads a file of cases, YAML or JSON. Throws CliError 64 that names the wrong field. */
export function readEvaluation(text: string): Evaluation {
  const [document] = parseAllDocuments(text, { schema: 'core', uniqueKeys: true });
  if (document === undefined) throw new CliError('The file is empty.', EX_USAGE);
  if ('errors' in document && document.errors[0] !== undefined)
    throw new CliError(document.errors[0].message, EX_USAGE);
  const parsed = Evaluation.safeParse(document.toJS({ maxAliasCount: 10 }));
  if (parsed.success) return parsed.data;
  const problems = fieldErrorsOf(parsed.error.issues).map(({ field, message }) => `${field}: ${message}`);
  throw new CliError(problems.join('\n'), EX_USAGE);
}

/** Why a case is not passed; empty when it is. */
export function judge({ expectedTools, notTools, assertions }: EvaluationCase, outcome: Outcome): string[] {
  const { text, tools } = outcome;
  const { contains, notContains, matches, equals, maxSteps, maxCostUsd, maxDurationMs } = assertions;
  const why = outcome.error === undefined ? '' : ` (${outcome.error.code}: ${outcome.error.message})`;
  const failures: (string | false)[] = [
    outcome.status !== assertions.status && `status is ${outcome.status}, not ${assertions.status}${why}`,
    ...expectedTools.map((tool) => !tools.includes(tool) && `${tool} was not called`),
    ...notTools.map((tool) => tools.includes(tool) && `${tool} was called`),
    ...contains.map((part) => !text.includes(part) && `the answer does not contain "${part}"`),
    ...notContains.map((part) => text.includes(part) && `the answer contains "${part}"`),
    ...matches.map(
      (pattern) => !RE2JS.compile(pattern).matcher(text).find() && `the answer does not match ${pattern}`,
    ),
    ...Object.entries(equals).map(([pointer, wanted]) => differs(pointer, wanted, outcome)),
    maxSteps !== undefined &&
      outcome.modelCalls > maxSteps &&
      `${outcome.modelCalls} model calls, not ${maxSteps}`,
    maxCostUsd !== undefined && outcome.costUsd > maxCostUsd && `${outcome.costUsd} USD, not ${maxCostUsd}`,
    maxDurationMs !== undefined &&
      outcome.durationMs > maxDurationMs &&
      `${outcome.durationMs} ms, not ${maxDurationMs}`,
  ];
  return failures.filter((failure) => failure !== false);
}

function differs(pointer: string, wanted: unknown, outcome: Outcome): string | false {
  const found = at(pointer, outcome.structured ?? jsonOf(outcome.text));
  const isSame = JSON.stringify(sorted(found)) === JSON.stringify(sorted(wanted));
  return !isSame && `${pointer || 'the answer'} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
}

/** RFC 6901. */
function at(pointer: string, value: unknown): unknown {
  let current = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
