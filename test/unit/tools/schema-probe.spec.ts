import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SchemaProbe } from '../../../src/tools/schema/schema-probe.service.js';
import { SchemaValidator } from '../../../src/tools/schema/validator.js';
import { type JsonSchema } from '../../../src/tools/tool.js';
import { longestDelay } from '../../support/event-loop.js';

const probe = new SchemaProbe();
const validator = new SchemaValidator({ useDefaults: true });
beforeAll(() => void validator.compile('warm', object({})));
afterAll(() => probe.onModuleDestroy());

function object(properties: Record<string, unknown>, more: JsonSchema = {}): JsonSchema {
  return { type: 'object', properties, ...more };
}

const properties = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, { type: 'string' }]));

/** anyOf in anyOf: depth 14 keeps Ajv busy for 16 s. */
function tree(depth: number): JsonSchema {
  return depth === 0 ? { type: 'integer' } : { anyOf: [tree(depth - 1), tree(depth - 1)] };
}

/** Each definition refers twice to the next: 2^depth checks of one value. */
function doubling(depth: number): JsonSchema {
  const twice = (index: number) => ({ $ref: `#/$defs/a${index + 1}` });
  const steps = Array.from({ length: depth }, (_, index) => [
    `a${index}`,
    { allOf: [twice(index), twice(index)] },
  ]);
  return { ...Object.fromEntries(steps), [`a${depth}`]: { minProperties: 0 } };
}

const isRefused = expect.objectContaining({ code: 'invalid_tool_schema' });

describe('schemas from outside', () => {
  it('[S35] refuses bombs without holding the process up, and fetches nothing', async () => {
    const hits: string[] = [];
    const canary = createServer((request, response) => {
      hits.push(request.url ?? '');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(canary, 'listening');
    const { port } = canary.address() as AddressInfo;
    const bombs: unknown[] = [
      object({ a: tree(8) }),
      object({ a: tree(7), b: tree(7) }),
      object({}, { $defs: doubling(24), $ref: '#/$defs/a0' }),
      object({ a: { $ref: `http://127.0.0.1:${port}/schema` } }),
      object({ a: { $ref: 'other.json#/a' } }),
      object({ a: { type: 'string' } }, { $schema: `http://127.0.0.1:${port}/dialect` }),
      object({ a: { enum: Array.from({ length: 9_000 }, (_, index) => `value ${index}`) } }),
      object(properties(501)),
      object({ a: Array.from({ length: 20 }).reduce<JsonSchema>((inner) => ({ not: inner }), {}) }),
      object({ a: { $ref: '#/$defs/loop' } }, { $defs: { loop: { $ref: '#/$defs/loop' } } }),
      object({ a: { type: 'string' } }, { $async: true }),
      JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}'),
      { type: 'string' },
      [],
      'object',
    ];
    const held = await longestDelay(async () => {
      for (const bomb of bombs) await expect(probe.check(bomb, 'inputSchema')).rejects.toEqual(isRefused);
    });
    canary.close();
    expect(hits).toEqual([]);
    expect(held).toBeLessThan(100);
    await probe.check(object({ a: { type: 'string' } }), 'inputSchema');
  });

  it('[S34] refuses a pattern that no linear engine can do, and one that is too large', async () => {
    const patterns = [
      '^(?=a)b',
      '(a)\\1',
      '(?<!a)b',
      '((a{100}){100}){100}',
      'a{1000}{1000}',
      'x{900}y{900}z{900}',
    ];
    for (const pattern of patterns) {
      const schema = object({ a: { type: 'string', pattern } });
      await expect(probe.check(schema, 'inputSchema')).rejects.toEqual(isRefused);
    }
  });

  it('[S34] checks a long text against any other pattern without holding the process up', async () => {
    const patterns = [
      '^(a+)+$',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
      '(x+x+)+y',
      '^(?:a|aa)+$',
      '(.*)*=',
      '^[a-z]{1,900}$',
    ];
    const schemas = patterns.map((pattern) =>
      object({ a: { type: 'string', pattern } }, { patternProperties: { [pattern]: {} } }),
    );
    for (const [index, schema] of schemas.entries()) {
      await probe.check(schema, 'inputSchema');
      validator.compile(`pattern ${index}`, schema);
    }
    const held = await longestDelay(async () => {
      for (const [index, schema] of schemas.entries()) {
        const text = `${'a'.repeat(50_000)}!`;
        expect(validator.check(`pattern ${index}`, schema, { a: text })).toBeDefined();
        await turn();
      }
    });
    expect(held).toBeLessThan(100);
  });

  it('[S35] bounds the check of a value where the schema doubles only for some values', async () => {
    const schemas = [
      object({ a: { $ref: '#/$defs/a0' } }, { $defs: doubling(24) }),
      object({ a: { $ref: '#/$defs/loop' } }, { $defs: { loop: { allOf: [{ $ref: '#/$defs/loop' }] } } }),
    ];
    for (const [index, schema] of schemas.entries()) {
      await probe.check(schema, 'inputSchema');
      validator.compile(`bomb ${index}`, schema);
    }
    const unique = object({ a: { type: 'array', uniqueItems: true } });
    validator.compile('unique', unique);
    const items = Array.from({ length: 9_000 }, (_, index) => ({ index }));
    const held = await longestDelay(async () => {
      for (const [index, schema] of schemas.entries()) {
        const errors = validator.check(`bomb ${index}`, schema, { a: {} });
        expect(errors).toEqual([{ field: '', message: expect.stringContaining('takes too long to check') }]);
        await turn();
      }
      expect(validator.check('unique', unique, { a: items })).toBeUndefined();
    });
    expect(held).toBeLessThan(100);
    const twins = {
      a: [
        { b: 1, c: 2 },
        { c: 2, b: 1 },
      ],
    };
    expect(validator.check('unique', unique, twins)).toHaveLength(1);
  });

  it('lets usual schemas through, also recursive ones and those of draft-07', async () => {
    const recursive = object({ child: { $ref: '#' }, value: { type: 'integer' } });
    const usual = [
      recursive,
      object({ city: { type: 'string', description: 'The city.' } }, { required: ['city'] }),
      object(
        { list: { type: 'array', items: [{ type: 'string' }] } },
        { $schema: 'http://json-schema.org/draft-07/schema#' },
      ),
      object(
        { a: { $anchor: 'a', type: 'string' }, b: { $ref: '#a' } },
        { $schema: 'https://json-schema.org/draft/2020-12/schema' },
      ),
      object(properties(200)),
    ];
    for (const schema of usual) await expect(probe.check(schema, 'inputSchema')).resolves.toBeUndefined();
    const deep = Array.from({ length: 30 }).reduce<object>((child) => ({ child, value: 1 }), {});
    expect(validator.check('recursive', recursive, deep)).toBeUndefined();
    expect(validator.check('recursive', recursive, { child: { child: { value: 'x' } } })).toHaveLength(1);
  });
});
