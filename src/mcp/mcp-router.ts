import { Injectable } from '@nestjs/common';
import { isLegacyRequest } from '@modelcontextprotocol/server';
import { toAppError } from '../platform/http/problem.filter.js';
import { type HttpExchange, idOf, rpcFailure } from './http-exchange.js';
import { isLongStream, StreamLimits } from './stream-limits.js';
import { ModernDoor } from './v2026/modern-door.service.js';
import { LegacySessions } from './v2025/legacy-sessions.service.js';

/** Gives each request to the era that it speaks, by the SDK's own rule. */
@Injectable()
export class McpRouter {
  private readonly streams = new StreamLimits();

  constructor(
    private readonly modern: ModernDoor,
    private readonly legacy: LegacySessions,
  ) {}

  async handle(exchange: HttpExchange): Promise<Response> {
    try {
      if (isLongStream(exchange)) this.streams.enter(exchange);
      return (await isLegacyRequest(exchange.request, exchange.body))
        ? await this.legacy.handle(exchange)
        : await this.modern.handle(exchange);
    } catch (error) {
      return rpcFailure(toAppError(error), idOf(exchange.body));
    }
  }
}
