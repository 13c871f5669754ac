import { type Json } from '../http/http-source.schema.js';
import { type Operation } from './operations.js';
import { argumentName, type Inputs } from './parameters.js';
import { dereference, type Document, isRecord, type Node, Unsupported } from './references.js';
import { type SchemaConverter } from './schema-converter.js';

const JSON_TYPE = /^application\/(?:[\w.+-]*\+)?json(?:\s*;.*)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded/i;
/** An object with these is more than its members: it stays one argument. */
const NOT_FLAT = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'patternProperties',
  'additionalProperties',
  'discriminator',
];

/** Adds the body to the inputs: its members as arguments where it is a plain object, else one argument `body`. */
export function readBody(
  document: Document,
  { spec, method }: Operation,
  inputs: Inputs,
  schemas: SchemaConverter,
): void {
  inputs.bodyType = 'none';
  if (spec.requestBody === undefined) return;
  const body = dereference(document, spec.requestBody);
  const content = isRecord(body.content) ? body.content : {};
  const types = Object.keys(content);
  const type = types.find((one) => JSON_TYPE.test(one)) ?? types.find((one) => FORM_TYPE.test(one));
  const isSendable = type !== undefined && method !== 'GET' && method !== 'HEAD';
  if (!isSendable) {
    const reason = `takes a body of ${types.join(', ') || 'no type'}, and only JSON and forms can be sent`;
    if (body.required === true) throw new Unsupported(`it ${reason}`);
    if (types.length > 0) inputs.warnings.push(`it is called without its body: it ${reason}`);
    return;
  }
  const media = content[type];
  const given = isRecord(media) ? media.schema : undefined;
  inputs.bodyType = FORM_TYPE.test(type) ? 'form' : undefined;
  if (inputs.bodyType === undefined && !/^application\/json\s*$/i.test(type))
    inputs.headers['content-type'] = type;
  const schema = given === undefined ? {} : dereference(document, given);
  if (isFlat(schema)) flatten(inputs, schema, body.required === true, schemas);
  else if (inputs.bodyType === 'form') throw new Unsupported('its form is not a plain object');
  else whole(inputs, given, body, schemas);
}

function isFlat(schema: Node): boolean {
  return (
    isRecord(schema.properties) &&
    Object.keys(schema.properties).length > 0 &&
    (schema.type === undefined || schema.type === 'object') &&
    schema.nullable !== true &&
    NOT_FLAT.every((keyword) => schema[keyword] === undefined || schema[keyword] === false)
  );
}

function flatten(inputs: Inputs, schema: Node, isRequired: boolean, schemas: SchemaConverter): void {
  const { properties = {}, required } = schemas.convert({
    properties: schema.properties,
    required: schema.required,
  }) as { properties?: Record<string, Node>; required?: string[] };
  const body: Record<string, Json> = {};
  for (const [name, member] of Object.entries(properties)) {
    const argument = argumentName(name, 'body', inputs.properties);
    inputs.properties[argument] = member;
    body[name] = { $arg: `/${argument}` };
    if (isRequired && required?.includes(name)) inputs.required.push(argument);
  }
  inputs.body = body;
}

function whole(inputs: Inputs, schema: unknown, body: Node, schemas: SchemaConverter): void {
  const argument = argumentName('body', 'json', inputs.properties);
  const converted = schemas.convert(schema);
  inputs.properties[argument] =
    typeof body.description === 'string' && converted.description === undefined
      ? { ...converted, description: schemas.convert({ description: body.description }).description }
      : converted;
  if (body.required === true) inputs.required.push(argument);
  inputs.body = { $arg: `/${argument}` };
}
