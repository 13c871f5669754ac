import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';

interface Report {
  readonly made: readonly { readonly tool: string; readonly operation: string }[];
  readonly refused: readonly { readonly operation: string; readonly reason: string }[];
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

const TIMEOUT_MS = 120_000;

/** Adds `import openapi` to the commands of `tools`. */
export function registerToolImports(tools: Command, env: CliEnv): void {
  tools
    .command('import')
    .description('make tools of a document (admins)')
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
      const { api, out } = contextOf(command, env);
      const { secret, username, ...options } = flags;
      const body = {
        ...options,
        ...(/^https?:\/\//.test(from) ? { url: from } : { document: read(from) }),
        ...(secret !== undefined && { auth: { secret, username } }),
      };
      const report = await api.post<Report>('/api/v1/tool-imports/openapi', body, { timeoutMs: TIMEOUT_MS });
      if (out.json) return out.data(report);
      for (const { tool, operation } of report.made) out.line(`${tool}  ${operation}`);
      for (const { operation, reason } of report.refused) out.note(`refused ${operation}: ${reason}`);
      for (const { operation, message } of report.warnings) out.note(`note on ${operation}: ${message}`);
    });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CliError(`${file}: the file cannot be read`, EX_USAGE);
  }
}
