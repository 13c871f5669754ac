import { readFileSync, writeFileSync } from 'node:fs';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { type Output } from './output.js';
import { ask } from './prompt.js';

/** One difference, as the server tells it. */
export interface Detail {
  readonly op: string;
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
  readonly risk: string | null;
}

interface Change {
  readonly section: string;
  readonly name: string;
  readonly path?: string;
  readonly action: 'added' | 'changed' | 'removed' | 'unchanged' | 'missing' | 'refused';
  readonly changes?: readonly Detail[];
  readonly message?: string;
  readonly warnings?: readonly string[];
}

interface Result {
  readonly applied: boolean;
  readonly summary: Readonly<Record<Change['action'], number>>;
  readonly changes: readonly Change[];
}

const SIGNS = { added: '+', changed: '~', removed: '-', unchanged: ' ', missing: '?', refused: '!' };
const MAX_VALUE = 60;
/** Every schema of a large file is compiled once. */
const TIMEOUT_MS = 300_000;

/** `tools export` and `tools apply`: the registry as a file under version control. */
export function registerToolsFile(tools: Command, env: CliEnv): void {
  tools
    .command('export')
    .description('the whole registry as one file; names of secrets, never their values')
    .option('-o, --output <file>', 'write it here instead of to the terminal')
    .action(async (options: { output?: string }, command: Command) => {
      const { api, out } = contextOf(command, env);
      const file = await api.get<unknown>('/api/v1/tools/export', { query: { format: 'json' } });
      const { stringify } = await import('yaml');
      const text = out.json
        ? `${JSON.stringify(file, null, 2)}\n`
        : stringify(file, { aliasDuplicateObjects: false });
      if (options.output === undefined) out.text(text);
      else {
        writeFileSync(options.output, text);
        out.note(`wrote ${options.output}`);
      }
    });

  tools
    .command('apply <file>')
    .description('make the registry as a file says: shows the difference and asks first')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only show the difference')
    .option('--prune', 'also delete what a section of the file does not name')
    .action(async (name: string, options: ApplyOptions, command: Command) => {
      const { api, out } = contextOf(command, env);
      const body = { document: readFile(name), prune: options.prune === true };
      const send = (dryRun: boolean) =>
        api.post<Result>('/api/v1/tools/import', { ...body, dryRun }, { timeoutMs: TIMEOUT_MS });
      const planned = await send(true);
      const { added, changed, removed, refused } = planned.summary;
      if (!out.json) show(planned, out);
      const isNothing = added + changed + removed === 0;
      const stops = options.dryRun === true || refused > 0 || isNothing;
      if (stops || !(await isSure(options, added + changed + removed))) {
        if (out.json) out.data(planned);
        if (refused > 0) throw new CliError('Nothing was applied: mend what is refused (!).');
        return;
      }
      const result = await send(false);
      if (out.json) out.data(result);
      else {
        showNews(planned, result, out);
        out.line(`applied: ${summaryOf(result)}`);
      }
      if (result.summary.refused > 0) process.exitCode = 1;
    });
}

interface ApplyOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
}

function readFile(name: string): string {
  try {
    return readFileSync(name === '-' ? 0 : name, 'utf8');
  } catch {
    throw new CliError(`${name} cannot be read`, EX_USAGE);
  }
}

async function isSure({ yes }: ApplyOptions, count: number): Promise<boolean> {
  if (yes === true) return true;
  const answer = await ask(`Apply ${count} change${count === 1 ? '' : 's'}? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

function show(result: Result, out: Output): void {
  for (const change of result.changes) {
    if (change.action === 'unchanged') continue;
    const note = change.message === undefined ? '' : `: ${change.message}`;
    const place = change.action === 'refused' && change.path !== undefined ? ` (at ${change.path})` : '';
    out.line(`${SIGNS[change.action]} ${change.section} ${change.name}${place}${note}`);
    for (const detail of change.changes ?? []) out.line(`    ${lineOf(detail)}`);
    for (const warning of change.warnings ?? []) out.line(`    warning: ${warning}`);
  }
  out.line(summaryOf(result));
}

/** What turned out differently than planned, e.g. a server that does not answer. */
function showNews(planned: Result, result: Result, out: Output): void {
  const linesOf = ({ changes }: Result) =>
    changes.flatMap(({ section, name, message, warnings = [] }) =>
      [message, ...warnings]
        .filter((line) => line !== undefined)
        .map((line) => `${section} ${name}: ${line}`),
    );
  const told = new Set(linesOf(planned));
  for (const line of linesOf(result)) if (!told.has(line)) out.note(line);
}

/** One difference in one line, with its risk. */
export function lineOf({ op, path, from, to, risk }: Detail): string {
  const values = op === 'replace' ? `${brief(from)} -> ${brief(to)}` : brief(op === 'add' ? to : from);
  return `${op} ${path} ${values}${risk === null ? '' : `  (${risk})`}`;
}

function summaryOf({ summary }: Result): string {
  const parts = Object.entries(summary).filter(([, count]) => count > 0);
  return parts.map(([action, count]) => `${count} ${action}`).join(', ') || 'nothing to do';
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
