import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstAdmin } from '../auth/first-admin.service.js';
import { type Env } from '../config/env.js';

/** Tells the person who started it where everything is. The last line is the one that scripts wait for. */
export async function announce(app: NestFastifyApplication, env: Env): Promise<void> {
  const address = (await app.getUrl()).replace('[::1]', 'localhost');
  const url = env.PUBLIC_URL ?? address;
  const password = app.get(FirstAdmin).takeGeneratedPassword();
  const lines = [`  API docs   ${url}/api/docs`, `  MCP        ${url}/mcp`];
  if (password !== undefined && process.stdout.isTTY) {
    lines.push(`  First login (shown once)  ${env.ADMIN_EMAIL}  ${password}`);
  }
  const ready = `mcp-server ready on ${address}`;
  // Not through the logger: what scripts wait for must not depend on LOG_LEVEL.
  process.stdout.write(
    env.LOG_FORMAT === 'json'
      ? `${JSON.stringify({ level: 30, time: Date.now(), service: 'mcp-server', docs: `${url}/api/docs`, mcp: `${url}/mcp`, msg: ready })}\n`
      : `${lines.join('\n')}\n${ready}\n`,
  );
}
