import { existsSync } from 'node:fs';
import path from 'node:path';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstAdmin } from '../auth/first-admin.service.js';
import { dataDir, type Env } from '../config/env.js';
import { VERSION } from '../config/version.js';

const PLANNER_NOTE = 'rule-based, not an LLM; set LLM_MODEL=openai:… for a real one';

/**
 * Tells the person who started it where everything is. The last line is the one that scripts wait for:
 * `mcp-server ready on <url>`. With LOG_FORMAT=json it is a JSON line like all others, whatever LOG_LEVEL says.
 */
export async function announce(app: NestFastifyApplication, env: Env): Promise<void> {
  const address = (await app.getUrl()).replace('[::1]', 'localhost');
  const url = env.PUBLIC_URL?.replace(/\/$/, '') ?? address;
  const model = env.LLM_MODEL.startsWith('builtin:') ? `${env.LLM_MODEL} (${PLANNER_NOTE})` : env.LLM_MODEL;
  const ready = `mcp-server ready on ${address}`;
  if (env.LOG_FORMAT === 'json') {
    const links = { docs: `${url}/api/docs`, mcp: `${url}/mcp` };
    const line = { level: 30, time: Date.now(), service: 'mcp-server', version: VERSION, ...links, model };
    // Not through the logger: what scripts wait for must not depend on LOG_LEVEL.
    process.stdout.write(`${JSON.stringify({ ...line, msg: ready })}\n`);
    return;
  }
  const command = new URL(address).port === '8000' ? 'bin/mcp-server' : `bin/mcp-server --url ${address}`;
  const lines = [
    `  API docs   ${url}/api/docs`,
    `  MCP        ${url}/mcp`,
    `  model:     ${model}`,
    ...loginLines(app, env),
    `  Ask        ${command} chat "What can you do?"`,
  ];
  process.stdout.write(`${lines.join('\n')}\n${ready}\n`);
}

/** How to get in. A password is shown to a person at a terminal only: elsewhere it would stay in a log. */
function loginLines(app: NestFastifyApplication, env: Env): string[] {
  const password = app.get(FirstAdmin).takeGeneratedPassword();
  const key = path.join(dataDir(env), 'admin.key');
  return [
    ...(password !== undefined && process.stdout.isTTY
      ? [`  Login      ${env.ADMIN_EMAIL}  ${password}   (shown once)`]
      : []),
    ...(env.DATABASE_URL === undefined && existsSync(key)
      ? [`  Admin key  in ${key} (bin/mcp-server uses it)`]
      : []),
  ];
}
