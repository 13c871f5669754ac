import { stripVTControlCharacters } from 'node:util';
import { type CliEnv } from '../config/cli-env.js';

/**
 * Where a command writes: results to stdout, what happens meanwhile to stderr. Text that came from a server, a model
 * or a tool passes `plain` first, so that it cannot steer the terminal.
 */
export class Output {
  constructor(
    private readonly env: CliEnv,
    /** Results as JSON, for programs. */
    readonly json: boolean,
  ) {}

  line(text = ''): void {
    process.stdout.write(`${plain(text)}\n`);
  }

  text(text: string): void {
    process.stdout.write(plain(text));
  }

  data(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined)}\n`);
  }

  /** Progress, dimmed on a terminal. */
  note(text: string): void {
    const safe = plain(text);
    process.stderr.write(this.env.color ? `\u001b[2m${safe}\u001b[22m\n` : `${safe}\n`);
  }

  /** A list: JSON when asked for, else a table. */
  list<T>(items: readonly T[], columns: Readonly<Record<string, (item: T) => unknown>>): void {
    if (this.json) {
      this.data(items);
      return;
    }
    const rows = items.map((item) => Object.values(columns).map((read) => cellOf(read(item))));
    this.table([Object.keys(columns).map((name) => name.toUpperCase()), ...rows]);
  }

  /** One thing: JSON when asked for, else `name  value` lines. */
  show(value: Readonly<Record<string, unknown>>): void {
    if (this.json) {
      this.data(value);
      return;
    }
    this.table(Object.entries(value).map(([name, item]) => [name, cellOf(item)]));
  }

  private table(rows: readonly (readonly string[])[]): void {
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? '').length)),
    );
    for (const row of rows)
      this.line(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      );
  }
}

/** Without escape sequences and control characters, but with line ends and tabs. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}/gu, '');
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return plain(text).replaceAll('\n', ' ');
}
