import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ToolRegistry } from '../tools/tool-registry.service.js';
import { McpChanges } from './changes.js';

const LOOK_EVERY_MS = 2000;

/** Tells the clients of this instance when the registry of tools has another revision, whoever changed it. */
@Injectable()
export class ToolListWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private revision?: string;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly registry: ToolRegistry,
    private readonly changes: McpChanges,
  ) {}

  onApplicationBootstrap(): void {
    // A look that fails is made up for by the next one.
    this.timer = setInterval(() => void this.look().catch(() => undefined), LOOK_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const revision = await this.registry.revision();
    const isAnother = this.revision !== undefined && this.revision !== revision;
    this.revision = revision;
    if (isAnother) this.changes.tell({ list: 'tools' });
  }
}
