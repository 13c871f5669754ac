import { readFile, writeFile } from 'node:fs/promises';
import { type Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { type CliContext, contextOf } from './context.js';
import { evaluate, printCase } from './evaluate.js';
import { readEvaluation } from './evaluation.js';

interface Imported {
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged';
  readonly changes: readonly { readonly field: string; readonly from?: unknown; readonly to?: unknown }[];
}

/** Agents and their tests as files. */
export function registerAgentFiles(agents: Command, env: CliEnv): void {
  agents
    .command('export <name>')
    .description('an agent as YAML')
    .option('-o, --output <file>', 'into a file')
    .action(async (name: string, options: { output?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const yaml = await api.text(`/api/v1/agents/${encodeURIComponent(name)}/export`);
      if (options.output === undefined) out.text(yaml);
      else await writeFile(options.output, yaml);
    });

  agents
    .command('apply <file>')
    .description('make or change the agents of a YAML file; several are divided by ---, sub-agents first')
    .option('--dry-run', 'only say what would change')
    .option('--private', 'keep new ones to yourself')
    .action(async (file: string, options: { dryRun?: boolean; private?: boolean }, command: Command) => {
      const context = contextOf(command, env);
      const results: Imported[] = [];
      for (const yaml of documentsOf(await read(file))) {
        const body = {
          ...{ yaml, dryRun: options.dryRun === true },
          ...(options.private === true && { shared: false }),
        };
        results.push(await context.api.post<Imported>('/api/v1/agents/import', body));
      }
      show(context, results);
    });

  agents
    .command('rollback <name> <version>')
    .description('use another version of an agent')
    .action(async (name: string, version: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      const route = `/api/v1/agents/${encodeURIComponent(name)}/rollback`;
      out.show(await api.post<Record<string, unknown>>(route, { version: Number(version) }));
    });

  agents
    .command('evaluate <file>')
    .description('run the cases of a file against an agent and say which pass')
    .option('--agent <name>', 'this agent, whatever the file says')
    .option('--simulate', 'call no tool: their answers are made from their output schemas')
    .action(async (file: string, options: { agent?: string; simulate?: true }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const report = await evaluate(api, readEvaluation(await read(file)), {
        ...options,
        tell: (one) => {
          if (!out.json) printCase(out, one);
        },
      });
      if (out.json) out.data(report);
      const { passed, failed, totals } = report;
      const { tokens, costUsd, toolCalls, durationMs } = totals;
      if (!out.json) {
        out.line(
          `${passed} passed, ${failed} failed · ${toolCalls} tool calls, ${tokens} tokens, ${costUsd} USD, ${durationMs} ms`,
        );
      }
      if (failed > 0) process.exitCode = 1;
    });
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new CliError(`${file} cannot be read.`, EX_USAGE);
  }
}

/** The documents of a file, each as it is written. */
function documentsOf(text: string): string[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.length < 2) return [text];
  return documents.map(({ range }) => text.slice(range[0], range[1]));
}

function show({ out }: CliContext, results: readonly Imported[]): void {
  if (out.json) return out.data(results);
  for (const { name, action, changes } of results) {
    out.line(`${action}  ${name}`);
    for (const { field, from, to } of changes) {
      out.line(`  ${field}: ${JSON.stringify(from) ?? 'none'} -> ${JSON.stringify(to) ?? 'none'}`);
    }
  }
}
