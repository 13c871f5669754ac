import { createHash } from 'node:crypto';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import { type Cache } from 'cache-manager';
import { type Actor } from '../common/actor.js';
import { canonicalJson } from './schema/canonical-json.js';
import { type ToolCall, type ToolDefinition, type ToolResult } from './tool.js';

/** Longer results (characters of JSON) are not kept. */
const MAX_CHARACTERS = 256 << 10;

/**
 * Results of read-only tools, for as long as `policy.cacheTtlMs` says. Never an error, and never from one caller to
 * another unless the policy declares the results public. [S73]
 */
@Injectable()
export class ToolCache {
  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  /** The key of a call with validated arguments; undefined when its result is not kept. */
  keyOf(actor: Actor, call: ToolCall, tool: ToolDefinition, args: unknown): string | undefined {
    const { cacheTtlMs, cacheScope } = tool.policy;
    if (cacheTtlMs === 0 || tool.annotations.readOnlyHint !== true) return undefined;
    const { definitionHash, source } = tool;
    // A private result may depend on all that a tool can know of its caller.
    const caller =
      cacheScope === 'public'
        ? null
        : [actor.userId, actor.role, [...actor.scopes].sort(), actor.sessionId, call.agent, call.agentTools];
    const whole = canonicalJson([definitionHash, source, args, caller]);
    return `tool-result:${createHash('sha256').update(whole).digest('base64url')}`;
  }

  async read(key: string): Promise<ToolResult | undefined> {
    return (await this.cache.get<ToolResult>(key)) ?? undefined;
  }

  async write(key: string, tool: ToolDefinition, result: ToolResult): Promise<void> {
    if (result.isError || JSON.stringify(result).length > MAX_CHARACTERS) return;
    await this.cache.set(key, result, tool.policy.cacheTtlMs);
  }
}
