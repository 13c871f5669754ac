import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { canonicalHash, canonicalJson } from '../../../src/tools/schema/canonical-json.js';
import { checkSchema, inputSchemaOf } from '../../../src/tools/schema/json-schema.js';
import { linearRegExp } from '../../../src/tools/schema/linear-regexp.js';
import { SchemaValidator } from '../../../src/tools/schema/validator.js';

describe('canonical JSON (RFC 8785)', () => {
  it('writes the example of the RFC, section 3.2.4', () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units and gives equal values one hash', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const sorted = Object.keys(
      JSON.parse(canonicalJson(Object.fromEntries(keys.map((key) => [`k${key}`, 1])))),
    );
    expect(sorted).toEqual(
      ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'].map((key) => `k${key}`),
    );
    expect(canonicalHash({ a: 1, b: [{ d: -0, c: undefined }] })).toBe(
      canonicalHash({ b: [{ d: 0 }], a: 1 }),
    );
    expect(canonicalHash({ a: 1 })).not.toBe(canonicalHash({ a: '1' }));
  });

  it.each([[NaN], [Infinity], ['\ud800'], [() => 1], [10n]])('refuses %p', (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });
});

describe('JSON Schema of a zod object', () => {
  it('refuses unknown members, shows defaults and leaves them optional', () => {
    const schema = inputSchemaOf(
      z.object({
        id: z.uuid().describe('An id.'),
        n: z.int().default(3),
        o: z.object({ x: z.string() }).optional(),
      }),
    );
    expect(schema).toEqual({
      type: 'object',
      properties: {
        id: { type: 'string', format: 'uuid', description: 'An id.' },
        n: { type: 'integer', default: 3 },
        o: {
          type: 'object',
          properties: { x: { type: 'string' } },
          required: ['x'],
          additionalProperties: false,
        },
      },
      required: ['id'],
      additionalProperties: false,
    });
  });
});

describe('the validator', () => {
  const validator = new SchemaValidator({ useDefaults: true });

  it('[S34] keeps two patterns apart, and none can block', () => {
    const schema = {
      type: 'object',
      properties: { x: { type: 'string', pattern: '^(a+)+$' }, y: { type: 'string', pattern: '^\\u0062$' } },
      patternProperties: { '^x-': { type: 'number' } },
    };
    const check = (value: unknown) => validator.check('patterns', schema, value);
    expect(check({ x: 'aaa', y: 'b' })).toBeUndefined();
    expect(check({ y: 'aaa' })).toEqual([{ field: 'y', message: 'must match pattern "^\\u0062$"' }]);
    expect(check({ 'x-1': 'no' })).toEqual([{ field: 'x-1', message: 'must be number' }]);
    expect(check({ x: `${'a'.repeat(50_000)}!` })).toHaveLength(1);
    expect(String(linearRegExp('a'))).not.toBe(String(linearRegExp('b')));
  });

  it.each(['^(?=a)b', '(a)\\1'])('[S34] refuses the pattern %s, which no linear engine can do', (pattern) => {
    const schema = { type: 'object', properties: { x: { pattern } } };
    expect(() => validator.compile(pattern, schema)).toThrow(
      expect.objectContaining({ code: 'invalid_tool_schema' }),
    );
  });

  it('fills in defaults and says for each member how to mend it', () => {
    const schema = inputSchemaOf(
      z.object({ kind: z.enum(['a', 'b']), n: z.int().max(5).default(3), when: z.iso.date().optional() }),
    );
    const value: Record<string, unknown> = { kind: 'a' };
    expect(validator.check('s', schema, value)).toBeUndefined();
    expect(value).toEqual({ kind: 'a', n: 3 });
    const problem = (given: unknown) => validator.check('s', schema, given)?.[0];
    expect(problem({})).toEqual({ field: 'kind', message: 'is required' });
    expect(problem({ kind: 'c' })).toEqual({ field: 'kind', message: 'must be one of a, b' });
    expect(problem({ kind: 'a', z: 1 })).toEqual({ field: 'z', message: 'is not known; use kind, n, when' });
    expect(problem({ kind: 'a', n: 9 })).toEqual({ field: 'n', message: 'must be <= 5' });
    expect(problem({ kind: 'a', when: '2026-02-30' })?.field).toBe('when');
  });

  it('[S35] refuses schemas that are too large, too deep or point elsewhere', () => {
    let deep: unknown = { type: 'string' };
    for (let depth = 0; depth < 40; depth += 1) deep = { items: deep };
    for (const schema of [
      { type: 'string' },
      { type: 'object', properties: { a: deep } },
      { type: 'object', description: 'x'.repeat(70_000) },
      { type: 'object', properties: { a: { $ref: 'http://127.0.0.1/schema' } } },
    ])
      expect(() => checkSchema(schema, 'input')).toThrow(
        expect.objectContaining({ code: 'invalid_tool_schema' }),
      );
  });
});
