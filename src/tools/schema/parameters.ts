/** A parameter of a tool as its JSON Schema describes it. */
export interface SchemaParameter {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  /** It has to be given: required, and without a default. */
  readonly required: boolean;
  readonly choices?: readonly unknown[];
  readonly schema: Readonly<Record<string, unknown>>;
}

/** The properties of an object schema, required ones first. Of a union it takes the first branch that is not null. */
export function schemaParameters(schema: Readonly<Record<string, unknown>> = {}): SchemaParameter[] {
  const { properties, required } = schema as { properties?: object; required?: readonly string[] };
  return Object.entries(properties ?? {})
    .map(([name, given]: [string, Record<string, unknown>]) => {
      const union = [given.anyOf, given.oneOf].find(Array.isArray) as Record<string, unknown>[] | undefined;
      const own = { ...union?.find(({ type }) => type !== 'null'), ...given };
      const choices = Array.isArray(own.enum) ? own.enum : 'const' in own ? [own.const] : undefined;
      const named = [own.type].flat().find((option) => typeof option === 'string' && option !== 'null');
      const type = typeof named === 'string' ? named : typeof (choices?.[0] ?? '');
      const isRequired = required?.includes(name) === true && !('default' in own);
      const description = typeof own.description === 'string' ? own.description : '';
      return { name, description, type, required: isRequired, choices, schema: own };
    })
    .sort((a, b) => Number(b.required) - Number(a.required));
}
