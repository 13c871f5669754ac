import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AppError } from '../../../common/app-error.js';
import { fieldErrorsOf } from '../../../common/field-errors.js';
import { type CheckedQuery } from '../../../platform/database/read-only/read-only-database.js';
import { ReadOnlyDatabases } from '../../../platform/database/read-only/read-only-databases.js';
import { type ToolResponse } from '../../define-tool.js';
import { answer } from '../../tool-result.js';
import { type ToolContract } from '../../tool-version.entity.js';
import { type JsonSchema, type ToolContext, type ToolDefinition } from '../../tool.js';
import { ToolErrors } from '../../tools.errors.js';
import { type OfferedTool, ToolSource } from '../tool-source.js';

const MAX_QUERY = 20_000;
const CHECK_TIMEOUT_MS = 10_000;
/** What stands around the rows in a result. */
const FRAME_BYTES = 256;

const SqlSource = z.strictObject({
  database: z.string().min(1).max(63),
  query: z.string().min(1).max(MAX_QUERY),
  parameters: z
    .array(z.string().min(1).max(200))
    .max(50)
    .default([])
    .describe('The argument for $1, $2, …: the name of a property, or a JSON Pointer (RFC 6901).'),
});
type SqlSource = z.output<typeof SqlSource>;

/** Queries on the operator's read-only databases. Arguments are bind parameters: none ever becomes text of the query. */
@Injectable()
export class SqlTools extends ToolSource {
  readonly kind = 'sql';

  constructor(private readonly databases: ReadOnlyDatabases) {
    super();
  }

  override async list(): Promise<readonly OfferedTool[]> {
    return [];
  }

  /** Has the database parse the query, so that what cannot run, or could write, is refused before it is stored. */
  override async checkSource(given: unknown, contract: ToolContract): Promise<SqlSource> {
    const parsed = SqlSource.safeParse(given);
    if (!parsed.success)
      throw ToolErrors.invalid_tool_source(undefined, {
        errors: fieldErrorsOf(parsed.error.issues, 'source'),
      });
    const { parameters } = await this.check(parsed.data);
    const wanted = parameters.length;
    if (wanted !== parsed.data.parameters.length)
      throw wrong(
        'parameters',
        wanted === 1
          ? 'must name 1 argument, for $1'
          : `must name ${wanted} arguments${wanted === 0 ? '' : `, one for each of $1 to $${wanted}`}`,
      );
    const known = Object.keys(contract.inputSchema.properties ?? {});
    const unknown = parsed.data.parameters.find((name) => !known.includes(segments(name)[0] ?? ''));
    if (unknown !== undefined)
      throw wrong('parameters', `names "${unknown}", which is not a property of the inputSchema`);
    return parsed.data;
  }

  /** The schema of what the query gives, from its columns. */
  override async describeOutput(source: Readonly<Record<string, unknown>>): Promise<JsonSchema> {
    const { columns } = await this.check(SqlSource.parse(source));
    return {
      type: 'object',
      properties: {
        rows: {
          type: 'array',
          items: {
            type: 'object',
            properties: Object.fromEntries(columns.map(({ name, schema }) => [name, schema])),
            required: columns.map(({ name }) => name),
            additionalProperties: false,
          },
        },
        truncated: { type: 'boolean', description: 'There are more rows than were given.' },
      },
      required: ['rows', 'truncated'],
      additionalProperties: false,
    };
  }

  override async run(
    { source, policy }: ToolDefinition,
    args: unknown,
    { signal }: ToolContext,
  ): Promise<ToolResponse> {
    const { database, query, parameters } = SqlSource.parse(source);
    const values = parameters.map((name) => valueAt(args, segments(name)));
    const maxBytes = Math.max(0, policy.maxResultBytes - FRAME_BYTES);
    const { rows, truncated } = await this.databases
      .get(database)
      .read(query, values, { signal, maxBytes })
      .catch((error: unknown) => {
        throw byName(error, parameters);
      });
    const head = `${rows.length === 1 ? '1 row' : `${rows.length} rows`}${truncated ? ', cut off: there are more' : ''}.`;
    return answer([head, ...rows.map((row) => JSON.stringify(row))].join('\n'), { rows, truncated });
  }

  private async check({ database, query }: SqlSource): Promise<CheckedQuery> {
    try {
      const checked = await this.databases.get(database).check(query, AbortSignal.timeout(CHECK_TIMEOUT_MS));
      const names = checked.columns.map(({ name }) => name);
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) throw wrong('query', `has two columns named "${twice}": name one by AS`);
      return checked;
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'invalid_tool_source') throw error;
      const field = error.code === 'sql_query_refused' ? 'query' : 'database';
      throw ToolErrors.invalid_tool_source(undefined, {
        errors: [{ field: `source.${field}`, message: error.message }],
        cause: error,
      });
    }
  }
}

/** Callers know the names of arguments, not the numbers of the query. */
function byName(error: unknown, parameters: readonly string[]): unknown {
  if (!(error instanceof AppError) || error.code !== 'sql_arguments_refused') return error;
  const message = error.message.replace(/\$(\d+)/, (text, number: string) => {
    const name = parameters[Number(number) - 1];
    return name === undefined ? text : `"${name}"`;
  });
  return new AppError(error.code, error.kind, message, { cause: error.cause });
}

function wrong(field: keyof SqlSource, message: string): AppError {
  return ToolErrors.invalid_tool_source(undefined, { errors: [{ field: `source.${field}`, message }] });
}

/** `/customer/id` or just `id`. */
function segments(pointer: string): string[] {
  if (!pointer.startsWith('/')) return [pointer];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
