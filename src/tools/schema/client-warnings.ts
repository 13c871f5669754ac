import { type ToolContract } from '../tool-version.entity.js';
import { subschemas } from './json-schema.js';

const MAX_WARNINGS = 20;
const ROOT_KEYWORDS = ['anyOf', 'oneOf', 'allOf', 'not', 'if', '$ref', 'enum', 'const'];

/**
 * What MCP clients and model providers are known to drop or misread in a definition that is otherwise fine. Claude Code
 * leaves out a tool, or the whole server, whose inputSchema has a composition at its root; Anthropic takes property
 * names of 1 to 64 letters, digits, `_`, `.` and `-` only; clients expect JSON Schema 2020-12.
 */
export function clientWarnings({ inputSchema, outputSchema }: ToolContract): string[] {
  const warnings: string[] = [];
  for (const [member, schema] of Object.entries({ inputSchema, outputSchema })) {
    if (schema === undefined) continue;
    for (const keyword of ROOT_KEYWORDS)
      if (keyword in schema)
        warnings.push(
          `${member} has "${keyword}" at its root: clients drop the tool; describe the choice in words.`,
        );
    if (typeof schema.$schema === 'string' && !schema.$schema.includes('2020-12'))
      warnings.push(`${member} says $schema "${schema.$schema}": clients read 2020-12; leave it out.`);
  }
  for (const { node, pointer } of subschemas(inputSchema)) {
    for (const name of Object.keys((node.properties as object | undefined) ?? {}))
      if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name))
        warnings.push(
          `inputSchema${pointer} names a property that some models cannot be given; use letters, digits, "_", "." and "-".`,
        );
    if (/^\/properties\/[^/]+$/.test(pointer) && node.description === undefined && node.$ref === undefined)
      warnings.push(`inputSchema${pointer} has no description: models have to guess what to fill in.`);
  }
  return warnings.slice(0, MAX_WARNINGS);
}
