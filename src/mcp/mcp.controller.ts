import { Controller, Delete, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Actor } from '../common/actor.js';
import { Scopes } from '../common/scopes.decorator.js';
import { ENV, type Env, publicUrl } from '../config/env.js';
import { CommonErrors } from '../common/common.errors.js';
import { readJson } from '../platform/http/json-body.js';
import { JsonRpcRoute } from '../platform/http/json-rpc.js';
import { openExchange, send } from './http-exchange.js';
import { McpRouter } from './mcp-router.js';
import { MCP_BODY_LIMIT } from './server-info.js';
import { isLongStream } from './stream-limits.js';

const ROUTE = { bodyLimit: MCP_BODY_LIMIT };

/** A stream outlives no credential for long: its client opens another one, through the guard. [S39] */
const STREAM_LIFETIME_MS = 30 * 60_000;

type McpRequest = FastifyRequest & { actor?: Actor };

/** The MCP endpoint (Streamable HTTP): one URL for every revision, behind the guard of every other route. */
// Described by the MCP specification, not by OpenAPI: one URL, many methods, and streams.
@ApiExcludeController()
@Scopes('mcp')
@Controller('mcp')
export class McpController {
  constructor(
    private readonly router: McpRouter,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Send an MCP message (JSON-RPC 2.0, revisions 2024-11-05 to 2026-07-28). */
  @Post()
  @JsonRpcRoute(ROUTE)
  post(@Req() request: McpRequest, @Res() reply: FastifyReply) {
    const body = request.body instanceof Buffer ? readJson(request, request.body) : undefined;
    if (body === undefined) throw CommonErrors.invalid_json('Send one JSON-RPC message as the body.');
    return this.serve(request, reply, body);
  }

  /** Open the event stream of an MCP session (revisions up to 2025-11-25). */
  @Get()
  @JsonRpcRoute(ROUTE)
  get(@Req() request: McpRequest, @Res() reply: FastifyReply) {
    return this.serve(request, reply);
  }

  /** End an MCP session (revisions up to 2025-11-25). */
  @Delete()
  @JsonRpcRoute(ROUTE)
  delete(@Req() request: McpRequest, @Res() reply: FastifyReply) {
    return this.serve(request, reply);
  }

  private async serve(request: McpRequest, reply: FastifyReply, body?: unknown): Promise<void> {
    const exchange = openExchange(request, reply, body, publicUrl(this.env));
    const lifetimeMs = isLongStream(exchange) ? STREAM_LIFETIME_MS : undefined;
    await send(reply, await this.router.handle(exchange), lifetimeMs);
  }
}
