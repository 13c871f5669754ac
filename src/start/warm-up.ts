import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Env } from '../config/env.js';
import { AgentLoop } from '../runs/engine/agent-loop.service.js';

/** Loads what the first run needs, right after the start: half a second of work that would hold up its requests. */
export async function warmUp(app: NestFastifyApplication, env: Env): Promise<void> {
  if (env.ROLE !== 'api') await app.get(AgentLoop, { strict: false }).warmUp();
}
