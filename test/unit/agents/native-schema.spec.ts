import { describe, expect, it } from '@jest/globals';
import { anthropicSchema, googleSchema, openAiFormat } from '../../../src/agents/models/native-schema.js';

const object = (properties: object, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const TEXT = { type: 'string' };
const strict = (schema: object) => openAiFormat(schema as never).json_schema.strict;

describe('a schema for OpenAI', () => {
  it.each([
    ['closed and required throughout', object({ a: TEXT, b: object({ c: TEXT }) }), true],
    ['with definitions', object({ a: { $ref: '#/$defs/t' } }, { $defs: { t: TEXT } }), true],
    ['with a list of objects', object({ a: { type: 'array', items: object({ c: TEXT }) } }), true],
    ['with an optional property', object({ a: TEXT }, { required: [] }), false],
    ['with an open object', object({ a: TEXT }, { additionalProperties: true }), false],
    [
      'that says nothing of other properties',
      object({ a: TEXT }, { additionalProperties: undefined }),
      false,
    ],
    ['with an open object inside', object({ a: { type: 'object', properties: {} } }), false],
    ['with an open object in a list', object({ a: { type: 'array', items: { type: 'object' } } }), false],
    ['with a keyword that is not known', object({ a: TEXT }, { not: {} }), false],
    ['with a keyword inside that is not known', object({ a: { ...TEXT, minLength: 2 } }), false],
    ['with anything inside', object({ a: true }), false],
    ['of alternatives', { anyOf: [object({ a: TEXT })] }, false],
  ])('%s: strict %#', (_, schema, expected) => {
    expect(strict(schema)).toBe(expected);
  });
});

describe('a schema for Anthropic', () => {
  it('is closed throughout and loses what is not known, never what narrows the shape', () => {
    const schema = {
      type: 'object',
      properties: { a: { ...TEXT, minLength: 2, pattern: 'x' } },
      minProperties: 1,
    };
    expect(anthropicSchema(schema)).toEqual({
      type: 'object',
      properties: { a: TEXT },
      additionalProperties: false,
    });
  });

  it.each([
    ['an open object', object({ a: TEXT }, { additionalProperties: true })],
    ['a map', object({ a: { type: 'object', additionalProperties: TEXT } })],
    ['an object of no properties', object({ a: { type: 'object' } })],
    ['a condition', object({ a: TEXT }, { if: {} })],
    ['one of', object({ a: { oneOf: [TEXT, { type: 'null' }] } })],
    ['anything', object({ a: true })],
  ])('that has %s is not given', (_, schema) => {
    expect(anthropicSchema(schema as never)).toBeUndefined();
  });
});

describe('a schema for Google', () => {
  it('keeps bounds, says a constant as a choice of one', () => {
    const schema = object({ n: { type: 'integer', minimum: 1, multipleOf: 2 }, k: { const: 'x' } });
    expect(googleSchema(schema)).toEqual(object({ n: { type: 'integer', minimum: 1 }, k: { enum: ['x'] } }));
  });
});
