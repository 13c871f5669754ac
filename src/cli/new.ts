import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command } from 'commander';
import { type CliEnv, PROJECT_DIR } from '../config/cli-env.js';
import { EX_CONFIG, EX_USAGE } from '../config/exit-codes.js';
import { CliError } from './cli-error.js';
import { contextOf } from './context.js';
import { agentFile, agentTest, toolFile, toolTest } from './new-templates.js';

interface Kind {
  readonly name: RegExp;
  readonly rule: string;
  readonly description: string;
  /** The file, its test, and what to do next. */
  readonly file: (name: string) => string;
  readonly test: (name: string, dist: string) => string;
  readonly suffix: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  tool: {
    name: /^[A-Za-z0-9_-]{1,64}$/,
    rule: '1 to 64 letters, digits, "_" or "-"',
    description: 'write a tool of your own, and its test, into the extensions folder',
    file: toolFile,
    test: toolTest,
    suffix: 'tool.mjs',
  },
  agent: {
    name: /^[a-z0-9][a-z0-9_-]{0,57}$/,
    rule: '1 to 58 of a-z, 0-9, "_" and "-", with a letter or digit first',
    description: 'write an agent of your own, and its test, into the extensions folder',
    file: agentFile,
    test: agentTest,
    suffix: 'agent.yaml',
  },
};

export function registerNew(program: Command, env: CliEnv): void {
  const parent = program.command('new').description('begin a tool or an agent of your own');
  for (const [what, kind] of Object.entries(KINDS)) {
    parent
      .command(`${what} <name>`)
      .description(kind.description)
      .action((name: string, _options: unknown, command: Command) => {
        const { out } = contextOf(command, env);
        const files = writeBoth(what, kind, name, env.extensionsDir);
        if (out.json) {
          out.data({ files });
          return;
        }
        const [file, test] = files.map((written) => path.relative(process.cwd(), written));
        out.line(`wrote ${file}`);
        out.line(`wrote ${test}`);
        out.note(`Test it:  node --test ${test}\nLoad it:  bin/mcp-server ${what}s reload`);
      });
  }
}

/** Writes the file and its test, both or neither. Never overwrites. */
function writeBoth(what: string, kind: Kind, name: string, folder: string): string[] {
  if (!kind.name.test(name)) throw new CliError(`The name of a ${what} is ${kind.rule}.`, EX_USAGE);
  const file = path.join(folder, `${name}.${kind.suffix}`);
  const test = path.join(folder, `${name}.${what}.test.mjs`);
  const dist = path.relative(folder, path.join(PROJECT_DIR, 'dist/src')).replaceAll(path.sep, '/');
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, kind.file(name), { flag: 'wx' });
    writeFileSync(test, kind.test(name, dist.startsWith('.') ? dist : `./${dist}`), { flag: 'wx' });
  } catch (error) {
    const { code, path: at } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CliError(`${at ?? folder} is there already; choose another name.`);
    throw new CliError(`${at ?? folder} cannot be written (${code}).`, EX_CONFIG);
  }
  return [file, test];
}
