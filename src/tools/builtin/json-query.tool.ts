import { z } from 'zod';
import { defineTool } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { JsonErrors } from './json-query.errors.js';

const MAX_STEPS = 64;
const MAX_MATCHES = 1_000;

export const jsonQuery = defineTool({
  name: 'json_query',
  title: 'Query JSON',
  description:
    'Takes a value out of a JSON document by a JSON Pointer such as /orders/0/id or by a path such as orders[0].id; a * stands for every element.',
  input: z.object({
    json: z.string().min(1).max(200_000).describe('The JSON document, as text.'),
    path: z
      .string()
      .max(1_000)
      .default('')
      .describe(
        'JSON Pointer (/orders/0/id) or path (orders[0].id, orders[*].id). Default: the whole document.',
      ),
  }),
  output: z.object({
    path: z.string(),
    count: z.int().describe('How many values were found.'),
    values: z.array(z.unknown()),
    type: z.string().describe('Type of the first value: object, array, string, number, boolean or null.'),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run({ json, path }) {
    const steps = stepsOf(path);
    let values: unknown[] = [parse(json)];
    for (const step of steps) {
      values = values.flatMap((value) => take(value, step));
      if (values.length > MAX_MATCHES)
        throw JsonErrors.json_path_not_found(`More than ${MAX_MATCHES} values match.`);
    }
    if (values.length === 0) throw JsonErrors.json_path_not_found(`Nothing is at "${path}" in the document.`);
    const data = { path, count: values.length, values, type: typeOf(values[0]) };
    return answer(JSON.stringify(values.length === 1 ? values[0] : values), data);
  },
});

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw JsonErrors.not_json(`The document is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** `/a/0` (RFC 6901) or `$.a[0]["b c"]`; `*` is every element. Nothing is evaluated. [S57] */
function stepsOf(path: string): string[] {
  const steps = path.startsWith('/') ? pointerSteps(path) : pathSteps(path);
  if (steps.length > MAX_STEPS)
    throw JsonErrors.json_path_not_found(`A path may have at most ${MAX_STEPS} steps.`);
  return steps;
}

function pointerSteps(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pathSteps(path: string): string[] {
  const steps: string[] = [];
  const step = /\.?(?:([^.[\]]+)|\[(?:(\d+|\*)|"([^"]*)"|'([^']*)')\])/y;
  const rest = path.replace(/^\$/, '');
  while (step.lastIndex < rest.length) {
    const at = step.lastIndex;
    const match = step.exec(rest);
    if (match === null)
      throw JsonErrors.json_path_not_found(
        `"${path}" is not a path: it cannot be read from character ${at + 1}.`,
      );
    steps.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  return steps;
}

function take(value: unknown, step: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === '*') return Object.values(value);
  if (Array.isArray(value) && !/^\d+$/.test(step)) return [];
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
