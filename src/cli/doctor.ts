import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { type Env, readEnv } from '../config/env.js';
import { EX_CONFIG } from '../config/exit-codes.js';
import { VERSION } from '../config/version.js';
import { probeDatabase } from '../platform/database/probe.js';
import { type CliContext, contextOf } from './context.js';

interface Finding {
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
}

const run = promisify(execFile);

export function registerDoctor(program: Command, env: CliEnv): void {
  program
    .command('doctor')
    .description('look at everything that the server needs on this machine')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command, env);
      const findings = await examine(context);
      if (context.out.json) context.out.data(findings);
      else
        for (const { result, check, detail } of findings)
          context.out.line(`${result.padEnd(8)} ${check.padEnd(14)} ${detail}`);
      if (findings.some((finding) => finding.result === 'problem')) process.exitCode = EX_CONFIG;
    });
}

async function examine(context: CliContext): Promise<Finding[]> {
  const findings = [
    await find('node', async () => `${process.versions.node} (20.19 or newer is needed)`),
    await find('git', async () => (await run('git', ['--version'])).stdout.trim(), 'warning'),
  ];
  const server = await find('server', () => greet(context), 'warning');
  findings.push(server);
  let env: Env;
  try {
    env = readEnv();
    findings.push({ check: 'configuration', result: 'ok', detail: 'every variable is valid' });
  } catch (error) {
    return [...findings, problem('configuration', (error as Error).message)];
  }
  // With a database of its own a server writes nothing to disk.
  if (env.DATABASE_URL === undefined)
    findings.push(await find('data folder', () => writable(context.env.dataDir)));
  if (server.result !== 'ok') findings.push(await find('port', () => free(env.PORT, env.HOST)));
  findings.push(await find('database', () => probeDatabase(env.DATABASE_URL)));
  findings.push(modelOf(env));
  return findings;
}

async function find(
  check: string,
  look: () => Promise<string>,
  otherwise: 'problem' | 'warning' = 'problem',
): Promise<Finding> {
  try {
    return { check, result: 'ok', detail: await look() };
  } catch (error) {
    return { check, result: otherwise, detail: (error as Error).message.split('\n')[0] ?? '' };
  }
}

function problem(check: string, detail: string): Finding {
  return { check, result: 'problem', detail };
}

async function greet({ api, url }: CliContext): Promise<string> {
  const { version } = await api.get<{ version: string }>('/', { anonymous: true, timeoutMs: 3000 });
  const note = version === VERSION ? '' : `, this command line is ${VERSION}: restart the server`;
  return `${url} runs ${version}${note}`;
}

/** The folder, or the nearest one above it that exists, can be written. */
async function writable(folder: string): Promise<string> {
  for (let place = folder; ; place = path.dirname(place)) {
    try {
      await access(place, constants.W_OK | constants.X_OK);
      return folder;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || place === path.dirname(place))
        throw new Error(`${folder} cannot be written (${code}): set DATA_DIR to a folder that can`, {
          cause: error,
        });
    }
  }
}

async function free(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', () => reject(new Error(`${port} is taken by another program: set PORT`)))
      .listen(port, host, () => server.close(() => resolve(`${port} is free`)));
  });
}

function modelOf(env: Env): Finding {
  const [provider] = env.LLM_MODEL.split(':');
  if (provider === 'builtin')
    return {
      check: 'model',
      result: 'warning',
      detail: `${env.LLM_MODEL} is rule-based, not an LLM; set LLM_MODEL=openai:… for a real one`,
    };
  const key = {
    openai: env.OPENAI_API_KEY ?? env.OPENAI_BASE_URL,
    anthropic: env.ANTHROPIC_API_KEY ?? env.ANTHROPIC_BASE_URL,
    google: env.GOOGLE_API_KEY ?? env.GOOGLE_BASE_URL,
  }[provider ?? ''];
  if (/^(openai|anthropic|google)$/.test(provider ?? '') && key === undefined)
    return problem('model', `${env.LLM_MODEL} needs ${(provider ?? '').toUpperCase()}_API_KEY`);
  return { check: 'model', result: 'ok', detail: env.LLM_MODEL };
}
