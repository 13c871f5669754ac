import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AgentsService } from '../agents/agents.service.js';
import { ToolRegistry } from '../tools/tool-registry.service.js';
import { AgentSource } from './agent.source.js';

const LOOK_EVERY_MS = 1_000;

/** Keeps the tools `ask_<agent>` equal to the shared agents, whoever changed them: a user, a file, a release. */
@Injectable()
export class AgentSourceWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Agents');
  private mark?: string;
  private timer?: NodeJS.Timeout;
  private looking = false;

  constructor(
    private readonly agents: AgentsService,
    private readonly registry: ToolRegistry,
    private readonly source: AgentSource,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** A look that fails is made up for by the next one. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const mark = await this.agents.sharedMark();
      if (mark === this.mark) return;
      for (const { message } of await this.registry.follow(this.source)) this.log.warn(message);
      this.mark = mark;
    } catch {
      // The database is away.
    } finally {
      this.looking = false;
    }
  }
}
