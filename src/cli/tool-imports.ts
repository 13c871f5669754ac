import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { type CliContext, contextOf } from './context.js';
import { everything } from './pages.js';

interface Report {
  readonly dryRun: boolean;
  readonly made: readonly { readonly tool: string; readonly operation: string }[];
  readonly refused: readonly { readonly operation: string; readonly reason: string }[];
  readonly vanished: readonly string[];
  readonly warnings: readonly { readonly operation: string; readonly message: string }[];
}

interface ImportFlags {
  readonly name: string;
  readonly prefix?: string;
  readonly include?: string[];
  readonly exclude?: string[];
  readonly server?: string;
  readonly secret?: string;
  readonly username?: string;
  readonly dryRun?: boolean;
}

interface Import {
  readonly name: string;
  readonly title: string;
  readonly tools: number;
  readonly url: string | null;
  readonly updatedAt: string;
}

const ROUTE = '/api/v1/tool-imports';
const TIMEOUT_MS = 120_000;

/** Adds `import` to the commands of `tools`. */
export function registerToolImports(tools: Command, env: CliEnv): void {
  const imports = tools.command('import').description('make tools of a document (admins)');

  imports
    .command('openapi <file-or-url>')
    .description('OpenAPI 3.0 or 3.1, JSON or YAML')
    .requiredOption('--name <name>', 'name of the import; the same one again replaces it')
    .option('--prefix <prefix>', 'put before the name of each tool')
    .option('--include <globs...>', 'tool names, operationIds, "GET /pets/*" or "tag:pets"')
    .option('--exclude <globs...>', 'the same, for what is left out')
    .option('--server <url>', 'in place of the servers of the document')
    .option('--secret <name>', 'the secret that signs the calls in')
    .option('--username <name>', 'the user name for basic authentication')
    .option('--dry-run', 'only say what would be made')
    .action(async (from: string, flags: ImportFlags, command: Command) => {
      const context = contextOf(command, env);
      const { secret, username, ...options } = flags;
      const body = {
        ...options,
        ...(/^https?:\/\//.test(from) ? { url: from } : { document: read(from) }),
        ...(secret !== undefined && { auth: { secret, username } }),
      };
      const timeoutMs = TIMEOUT_MS;
      show(context, await context.api.post<Report>(`${ROUTE}/openapi`, body, { timeoutMs }));
    });

  imports
    .command('list')
    .description('what was imported')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Import>(api, ROUTE), {
        name: (one) => one.name,
        tools: (one) => one.tools,
        from: (one) => one.url,
        title: (one) => one.title,
        updated: (one) => one.updatedAt,
      });
    });

  imports
    .command('refresh <name>')
    .description('fetch the document of an import by URL again and follow it')
    .action(async (name: string, _options: unknown, command: Command) => {
      const context = contextOf(command, env);
      const route = `${ROUTE}/${encodeURIComponent(name)}/refresh`;
      show(context, await context.api.post<Report>(route, undefined, { timeoutMs: TIMEOUT_MS }));
    });

  imports
    .command('delete <name>')
    .description('remove an import and its tools')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      await api.delete(`${ROUTE}/${encodeURIComponent(name)}`);
      out.line(`${name} and its tools are removed`);
    });
}

/** Tools on stdout; what people should know on stderr. Exit code 1 when nothing could be made. */
function show({ out }: CliContext, { dryRun, made, refused, vanished, warnings, ...rest }: Report): void {
  if (made.length === 0 && refused.length > 0) process.exitCode = 1;
  if (out.json) return out.data({ ...rest, dryRun, made, refused, vanished, warnings });
  for (const { tool, operation } of made) out.line(`${tool}  ${operation}`);
  for (const { operation, reason } of refused) out.note(`refused ${operation}: ${reason}`);
  for (const tool of vanished) out.note(`vanished ${tool}`);
  for (const { operation, message } of warnings) out.note(`note on ${operation}: ${message}`);
  out.note(`${made.length} ${dryRun ? 'would be made' : 'made'}, ${refused.length} refused`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CliError(`${file}: the file cannot be read`, EX_USAGE);
  }
}
