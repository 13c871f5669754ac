import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { cutText } from '../cut.js';
import { type ContentBlock, type ToolResult } from '../tool.js';
import { ToolResultErrors } from './tool-results.errors.js';
import { type ResultPart, ToolResultsRepository } from './tool-results.repository.js';

const TTL_MS = 60 * 60_000;
const MAX_BYTES = 8 << 20;
/** Of one user; the oldest go first. */
const MAX_RESULTS = 100;
const SWEEP_EVERY_MS = 5 * 60_000;

/** What was kept of a result. */
export interface KeptResult {
  readonly id: string;
  readonly uri: string;
  readonly mimeType: string;
  readonly truncated: boolean;
  readonly expiresAt: Date;
}

export type ResultPage = ResultPart & { readonly offset: number; readonly nextOffset: number | null };

/** The whole results of calls that were cut, for an hour and for who made the call. */
@Injectable()
export class ToolResults implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Tools');
  private sweeper?: NodeJS.Timeout;

  constructor(private readonly results: ToolResultsRepository) {}

  onApplicationBootstrap(): void {
    this.sweeper = setInterval(() => void this.sweep(), SWEEP_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
  }

  /** Deletes what has expired. Every instance does, every five minutes. */
  async sweep(): Promise<void> {
    try {
      await this.results.deleteExpired();
    } catch (error) {
      this.log.warn({ err: error }, 'Expired results were not deleted');
    }
  }

  /** Keeps a result: its structured content as JSON, else its text. At most 8 MiB, 100 of a user. */
  async keep(actor: Actor, tool: string, result: ToolResult): Promise<KeptResult> {
    const id = newId();
    const whole = textOf(result);
    // PostgreSQL has no NUL in a text.
    const content = cutText(whole.text, MAX_BYTES).replaceAll('\0', '\uFFFD');
    const kept = {
      id,
      mimeType: whole.mimeType,
      truncated: content.length < whole.text.length,
      expiresAt: new Date(Date.now() + TTL_MS),
    };
    await this.results.insert({ ...kept, userId: actor.userId, tool, content });
    await this.results.keepNewest(actor.userId, MAX_RESULTS);
    return { ...kept, uri: `tool-result://${id}` };
  }

  /** A part of one of the caller's results. Throws `tool_result_not_found`, also for another user's. */
  async read(
    actor: Actor,
    id: string,
    { offset, limit }: { readonly offset: number; readonly limit: number },
  ): Promise<ResultPage> {
    requireScopes(actor, 'tools:call');
    const part = await this.results.part(actor.userId, id, offset, limit);
    if (part === undefined) throw ToolResultErrors.tool_result_not_found();
    const end = offset + limit;
    return { ...part, offset, nextOffset: end < part.totalCharacters ? end : null };
  }
}

function textOf({ content, structuredContent }: ToolResult): { text: string; mimeType: string } {
  if (structuredContent !== undefined)
    return { text: JSON.stringify(structuredContent), mimeType: 'application/json' };
  const texts = content.filter((block): block is ContentBlock & { type: 'text' } => block.type === 'text');
  if (texts.length === content.length)
    return { text: texts.map(({ text }) => text).join('\n'), mimeType: 'text/plain' };
  return { text: JSON.stringify(content), mimeType: 'application/json' };
}
