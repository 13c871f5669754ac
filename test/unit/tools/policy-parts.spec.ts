import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../../src/common/app-error.js';
import { cutJson, cutText, jsonBytes } from '../../../src/tools/cut.js';
import { RetryBudget, retrying } from '../../../src/tools/retry.js';
import { SchemaValidator } from '../../../src/tools/schema/validator.js';
import { sampleOf } from '../../../src/tools/simulate/sample.js';

describe('[R36] retrying', () => {
  const down = (retryAfter?: number) => new AppError('egress_failed', 'unavailable', 'down', { retryAfter });
  async function tries(
    failures: readonly unknown[],
    options: { retries?: number; withinMs?: number; signal?: AbortSignal; budget?: RetryBudget } = {},
  ): Promise<{ made: number; ended: unknown }> {
    const { retries = 2, withinMs = 60_000, signal, budget = new RetryBudget() } = options;
    let made = 0;
    const ended = await retrying(
      {
        ...{ retries, budget, deadline: Date.now() + withinMs },
        signal: signal ?? new AbortController().signal,
        onRetry: () => undefined,
      },
      async () => {
        made += 1;
        const failure = failures[made - 1];
        if (failure !== undefined) throw failure as Error;
        return 'done';
      },
    ).catch((error: unknown) => error);
    return { made, ended };
  }

  it('tries again after a failure of the transport, as often as it may', async () => {
    expect(await tries([down(), down()])).toEqual({ made: 3, ended: 'done' });
    expect(await tries([down(), down(), down()])).toMatchObject({
      made: 3,
      ended: { code: 'egress_failed' },
    });
    expect((await tries([down()], { retries: 0 })).made).toBe(1);
  });

  it('takes an answer for an answer', async () => {
    for (const answer of [
      new AppError('invalid_tool_output', 'internal', 'bad'),
      new AppError('tool_busy', 'unavailable', 'ours'),
      new Error('unforeseen'),
    ])
      expect(await tries([answer])).toEqual({ made: 1, ended: answer });
  });

  it('waits for Retry-After, and does not begin a wait that passes the deadline', async () => {
    const started = Date.now();
    expect((await tries([down(0.3)])).made).toBe(2);
    expect(Date.now() - started).toBeGreaterThanOrEqual(295);
    expect((await tries([down(30)], { withinMs: 5_000 })).made).toBe(1);
  });

  it('stops with its caller, also in the middle of a wait', async () => {
    const gone = new AbortController();
    const trying = tries([down(20)], { signal: gone.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    gone.abort();
    expect((await trying).made).toBe(1);
    expect((await tries([down()], { signal: gone.signal })).made).toBe(1);
  });

  it('says what happened when the breaker opens between two tries', async () => {
    const refused = new AppError('tool_circuit_open', 'unavailable', 'open');
    expect(await tries([down(), refused])).toMatchObject({ made: 2, ended: { code: 'egress_failed' } });
    expect(await tries([refused])).toMatchObject({ made: 1, ended: { code: 'tool_circuit_open' } });
  });

  it('adds a tenth to the load at most, once its first ten retries are spent', async () => {
    const budget = new RetryBudget();
    for (let spent = 0; spent < 10; spent += 1) expect(budget.take()).toBe(true);
    expect((await tries([down(0)], { budget })).made).toBe(1);
    for (let calls = 0; calls < 11; calls += 1) await tries([], { budget });
    expect([budget.take(), budget.take()]).toEqual([true, false]);
  });
});

describe('cutting', () => {
  it('leaves what fits as it is, and makes valid JSON within the bound of everything else', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 24, max: 400 }), (given, bytes) => {
        const value = JSON.parse(JSON.stringify(given)) as unknown;
        const cut = cutJson(value, bytes);
        if (jsonBytes(value) <= bytes) expect(cut).toBe(value);
        else expect(jsonBytes(cut)).toBeLessThanOrEqual(bytes);
        expect(JSON.parse(JSON.stringify(cut))).toEqual(cut);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps small members whole beside a large one, and the first elements of a list', () => {
    const value = { rows: Array.from({ length: 1_000 }, (_, n) => n), total: 1_000, next: 'abc' };
    const cut = cutJson(value, 200) as typeof value;
    expect([cut.total, cut.next, cut.rows.slice(0, 3)]).toEqual([1_000, 'abc', [0, 1, 2]]);
    expect(Object.keys(cut)).toEqual(['rows', 'total', 'next']);
    expect(jsonBytes(cut)).toBeGreaterThan(170);
  });

  it('splits no character and no line', () => {
    expect(cutText('aé😀', 4)).toBe('aé');
    expect(cutText('one\ntwo\nthree', 10)).toBe('one\ntwo');
    expect(cutText('a line without an end', 6)).toBe('a line');
  });
});

describe('a sample of a schema', () => {
  const validator = new SchemaValidator({ useDefaults: false });
  it.each<[string, object]>([
    ['examples first', { properties: { a: { type: 'string', pattern: '^Z\\d$', examples: ['Z1'] } } }],
    [
      'bounds',
      {
        properties: {
          n: { type: 'integer', minimum: 5, multipleOf: 4 },
          x: { type: 'number', exclusiveMinimum: 0, maximum: 0.5 },
        },
      },
    ],
    [
      'lengths',
      { properties: { s: { type: 'string', minLength: 20 }, t: { type: 'string', maxLength: 3 } } },
    ],
    [
      'formats',
      { properties: { d: { type: 'string', format: 'date-time' }, u: { type: 'string', format: 'uuid' } } },
    ],
    [
      'lists',
      {
        properties: {
          l: { type: 'array', minItems: 3, uniqueItems: true, items: { type: 'string' } },
          t: { type: 'array', prefixItems: [{ const: 1 }, { type: 'boolean' }], minItems: 2 },
        },
      },
    ],
    [
      'references',
      {
        $defs: {
          node: {
            type: 'object',
            properties: { next: { $ref: '#/$defs/node' }, id: { type: 'integer' } },
            required: ['id'],
          },
        },
        properties: { root: { $ref: '#/$defs/node' } },
      },
    ],
    [
      'alternatives',
      {
        properties: {
          v: { oneOf: [{ type: 'integer' }, { type: 'null' }] },
          w: { type: ['null', 'string'] },
        },
      },
    ],
    [
      'parts',
      {
        allOf: [
          { properties: { a: { type: 'integer' } }, required: ['a'] },
          { properties: { b: { enum: ['x'] } }, required: ['b'] },
        ],
      },
    ],
    ['a map', { additionalProperties: { type: 'integer' }, minProperties: 2 }],
  ])('fits: %s', (name, parts) => {
    const schema = { type: 'object', ...parts };
    const value = sampleOf(schema, {});
    expect([value, validator.check(name, schema, value)]).toEqual([value, undefined]);
    expect(sampleOf(schema, {})).toEqual(value);
  });

  it('echoes an argument of the same name and type, and ends for a schema without end', () => {
    const schema = { type: 'object', properties: { city: { type: 'string' }, n: { type: 'integer' } } };
    expect(sampleOf(schema, { city: 'Oslo', n: 'x' })).toEqual({ city: 'Oslo', n: 1 });
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`p${n}`, { $ref: '#' }])),
    };
    const deep = { type: 'object', properties: { a: { $ref: '#' }, b: { $ref: '#' } }, required: ['a', 'b'] };
    for (const endless of [wide, deep])
      expect(JSON.stringify(sampleOf(endless, {})).length).toBeLessThan(200_000);
  });
});
