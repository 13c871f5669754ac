import { z } from 'zod';
import { AppError } from '../../../common/app-error.js';
import { fieldErrorsOf } from '../../../common/field-errors.js';
import { type AnyCodeTool } from '../../define-tool.js';
import { checkSchema, inputSchemaOf, outputSchemaOf } from '../../schema/json-schema.js';
import { DEFAULT_POLICY, defaultAccess } from '../../tool-defaults.js';
import { ToolErrors } from '../../tools.errors.js';
import { type JsonSchema, type ToolContext } from '../../tool.js';
import { type OfferedTool } from '../tool-source.js';

/** A tool in code, made ready: what the registry learns of it, and how it runs. */
export interface LoadedTool {
  readonly offer: OfferedTool;
  run(args: unknown, context: ToolContext): Promise<unknown>;
}

const Annotations = z.strictObject({
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
});

const Policy = z
  .strictObject({
    timeoutMs: z.int().min(1).max(600_000),
    retries: z.int().min(0).max(10),
    rateLimit: z.int().min(1).nullable(),
    concurrency: z.int().min(1).max(1_000),
    cacheTtlMs: z.int().min(0).max(86_400_000),
    cacheScope: z.enum(['private', 'public']),
    approval: z.enum(['never', 'destructive', 'always']),
    maxResultBytes: z
      .int()
      .min(1_024)
      .max(10 << 20),
  })
  .partial();

const isSchema = (value: unknown) => typeof value === 'object' && value !== null;

/** What a file must export to be a tool. Everything that an extension can get wrong is named here. */
const Shape = z.object({
  name: z
    .string('must be a string')
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-"'),
  title: z.string().min(1).max(200).optional(),
  description: z
    .string('must be a string that says what the tool does')
    .min(1, 'must say what the tool does')
    .max(4_096),
  input: z.custom(isSchema, 'must be a zod object or a JSON Schema of type object'),
  output: z.custom(isSchema, 'must be a zod type or a JSON Schema').optional(),
  annotations: Annotations.default({}),
  requiredScopes: z.array(z.string()).max(20).default([]),
  policy: Policy.default({}),
  enabled: z.boolean().default(true),
  run: z.custom((value) => typeof value === 'function', 'must be a function (args, context) => result'),
});

/** Checks a tool and makes its schemas. Throws an AppError whose text names the member and the fix. */
export function loadTool(tool: unknown, source: Readonly<Record<string, unknown>>): LoadedTool {
  const parsed = Shape.safeParse(tool);
  if (!parsed.success) {
    const list = fieldErrorsOf(parsed.error.issues).map(({ field, message }) =>
      field ? `${field} ${message}` : message,
    );
    throw ToolErrors.invalid_tool_schema(`The tool is not complete: ${list.join('; ')}.`);
  }
  const { name, title = name, description, annotations, requiredScopes, policy, enabled } = parsed.data;
  const { input, output } = parsed.data;
  const inputSchema = schemaOf(input, 'input', inputSchemaOf);
  const outputSchema = output === undefined ? undefined : schemaOf(output, 'output', outputSchemaOf);
  checkSchema(inputSchema, 'input');
  if (outputSchema !== undefined) checkSchema(outputSchema, 'output');
  return {
    offer: {
      contract: { name, title, description, inputSchema, ...(outputSchema && { outputSchema }), annotations },
      source,
      defaults: {
        policy: { ...DEFAULT_POLICY, ...policy },
        access: defaultAccess(annotations),
        requiredScopes,
        enabled,
      },
    },
    run: async (args, context) => {
      const checked = isZod(input) ? parseArguments(input, args) : args;
      return (tool as AnyCodeTool).run(checked as never, context);
    },
  };
}

function schemaOf(schema: unknown, member: string, convert: (schema: z.ZodType) => JsonSchema): JsonSchema {
  if (!isZod(schema)) return schema as JsonSchema;
  try {
    return convert(schema);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw ToolErrors.invalid_tool_schema(
      `${member} has a zod type that JSON Schema cannot express: ${(error as Error).message}`,
    );
  }
}

/** zod 4 schemas, also of another copy of the library. */
function isZod(schema: unknown): schema is z.ZodType {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

/** Applies what JSON Schema cannot say: refinements, transforms, defaults. */
function parseArguments(schema: z.ZodType, args: unknown): unknown {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  throw ToolErrors.invalid_tool_arguments(undefined, { errors: fieldErrorsOf(parsed.error.issues) });
}
