import { readFileSync } from 'node:fs';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { type Output } from './output.js';
import { everything } from './pages.js';
import { registerToolImports } from './tool-imports.js';
import { registerToolsFile } from './tools-file.js';
import { registerToolsVersions } from './tools-versions.js';
import { registerToolPolicy } from './tool-policy.js';

interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly state: string;
}

interface Outcome {
  readonly content: readonly { readonly type: string; readonly text?: string; readonly uri?: string }[];
  readonly structuredContent?: unknown;
  readonly isError: boolean;
  readonly durationMs: number;
  readonly errorCode?: string;
  readonly plan?: Readonly<Record<string, unknown>>;
}

/** How long a call may take: longer than any tool's own deadline. */
const CALL_TIMEOUT_MS = 300_000;
const route = (name: string) => `/api/v1/tools/${encodeURIComponent(name)}`;

export function registerTools(program: Command, env: CliEnv): void {
  const tools = program.command('tools').description('the registry of tools');
  registerToolImports(tools, env);

  tools
    .command('list')
    .description('all tools that you may see')
    .option('--kind <kind>', 'builtin, http, openapi, sql, mcp or agent')
    .option('-q, --query <text>', 'only those that match')
    .action(async (options: { kind?: string; query?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const items = await everything<Tool>(api, '/api/v1/tools', { kind: options.kind, q: options.query });
      out.list(items, {
        name: (tool) => tool.name,
        kind: (tool) => tool.kind,
        state: (tool) => (tool.enabled ? tool.state : 'disabled'),
        title: (tool) => tool.title,
      });
    });

  tools
    .command('show <name>')
    .description('one tool with its schemas, policy and access')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.get<Record<string, unknown>>(route(name)));
    });

  tools
    .command('call <name>')
    .description('call a tool')
    .option('--dry-run', 'only say what would happen')
    .option('--args <json>', 'all arguments as a JSON object; @file reads a file, - reads stdin')
    .option('--arg <key=value>', 'one argument; the value is JSON, else text (repeatable)', collect, [])
    .action(
      async (name: string, options: { args?: string; arg: string[]; dryRun?: true }, command: Command) => {
        const { api, out } = contextOf(command, env);
        const body = {
          arguments: argumentsOf(options.args, options.arg),
          ...(options.dryRun && { dryRun: true }),
        };
        const outcome = await api.post<Outcome>(`${route(name)}/call`, body, { timeoutMs: CALL_TIMEOUT_MS });
        print(out, name, outcome);
      },
    );

  tools
    .command('simulate <name>')
    .description('an answer made from the output schema, without running the tool')
    .option('--args <json>', 'all arguments as a JSON object; @file reads a file, - reads stdin')
    .option('--arg <key=value>', 'one argument; the value is JSON, else text (repeatable)', collect, [])
    .action(async (name: string, options: { args?: string; arg: string[] }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const body = { arguments: argumentsOf(options.args, options.arg) };
      print(out, name, await api.post<Outcome>(`${route(name)}/simulate`, body));
    });

  registerToolPolicy(tools, env);

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    tools
      .command(`${verb} <name>`)
      .description(`${verb} a tool for everyone`)
      .action(async (name: string, _options: unknown, command: Command) => {
        const { api, out } = contextOf(command, env);
        await api.patch(route(name), { enabled });
        out.line(`${name} is ${verb}d`);
      });
  }

  registerToolsFile(tools, env);
  registerToolsVersions(tools, env);

  tools
    .command('reload')
    .description('read the extensions folder again')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.post<Record<string, unknown>>('/api/v1/tools/reload'));
    });
}

function print(out: Output, name: string, outcome: Outcome): void {
  if (out.json) out.data(outcome);
  else
    for (const block of outcome.content)
      out.line(block.type === 'text' ? (block.text ?? '') : `[${block.uri ?? block.type}]`);
  if (outcome.plan !== undefined && !out.json) out.show(outcome.plan);
  if (!outcome.isError) return;
  out.note(`${name} failed${outcome.errorCode === undefined ? '' : ` (${outcome.errorCode})`}`);
  process.exitCode = 1;
}

function collect(value: string, all: string[]): string[] {
  return [...all, value];
}

/** The arguments of a call from `--args` and `--arg`, the latter winning. Throws CliError 64. */
function argumentsOf(json: string | undefined, pairs: readonly string[]): Record<string, unknown> {
  const all: Record<string, unknown> = json === undefined ? {} : parseObject(readText(json));
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new CliError(`--arg ${pair}: write key=value`, EX_USAGE);
    all[pair.slice(0, at)] = jsonOrText(pair.slice(at + 1));
  }
  return all;
}

function readText(given: string): string {
  if (given === '-') return readFileSync(0, 'utf8');
  if (!given.startsWith('@')) return given;
  try {
    return readFileSync(given.slice(1), 'utf8');
  } catch {
    throw new CliError(`--args ${given}: the file cannot be read`, EX_USAGE);
  }
}

function parseObject(text: string): Record<string, unknown> {
  const value = jsonOrText(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new CliError(`--args must be a JSON object, such as '{"expression":"1+1"}'`, EX_USAGE);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
