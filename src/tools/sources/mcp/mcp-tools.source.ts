import { Injectable } from '@nestjs/common';
import { ProtocolError } from '@modelcontextprotocol/client';
import { TransportBreaker } from '../../../platform/resilience/transport-breaker.js';
import { Ended } from '../../deadline.js';
import { type ToolResponse } from '../../define-tool.js';
import { ToolErrors } from '../../tools.errors.js';
import { type ToolContext, type ToolDefinition } from '../../tool.js';
import { type OfferedTool, type SourceProblem, ToolSource } from '../tool-source.js';
import { kindOf, toUpstreamError } from './client/upstream-error.js';
import { McpServerErrors } from './mcp-servers.errors.js';
import { McpServersRepository } from './mcp-servers.repository.js';
import { signInOf } from './sign-in/sign-in-providers.js';
import { ServersFile } from './servers-file.js';
import { UpstreamConnections } from './upstream-connections.service.js';
import { type Upstream, UpstreamServers } from './upstream-servers.service.js';
import { resultOf } from './upstream-result.js';
import { type UpstreamToolSource } from './upstream-tools.js';

/** The executor's deadline comes first; this one is for a call that nobody waits for any more. */
const GRACE_MS = 5_000;
const MAX_TEXT = 2_000;
const MAX_BREAKERS = 1_000;

/**
 * Tools of other MCP servers. A call carries the tool's arguments and this server's own credential, nothing of the
 * caller's: no token, no header, no cookie. [S44] [S45]
 */
@Injectable()
export class McpTools extends ToolSource {
  readonly kind = 'mcp';
  /** One for each server: a server that is down costs a caller no wait. */
  private readonly breakers = new Map<string, TransportBreaker>();

  constructor(
    private readonly servers: UpstreamServers,
    private readonly connections: UpstreamConnections,
    private readonly file: ServersFile,
    private readonly repository: McpServersRepository,
  ) {
    super();
  }

  /** They are followed server by server, by UpstreamSync. */
  override async list(): Promise<readonly OfferedTool[]> {
    return [];
  }

  /** Reads MCP_SERVERS_FILE again; what changed in it is looked at by the next check. */
  override async refresh(): Promise<readonly SourceProblem[]> {
    const problems = this.file.read();
    await this.repository.keepFile([...this.file.all].map(([name, { transport }]) => ({ name, transport })));
    this.servers.forget();
    return problems;
  }

  override async run(definition: ToolDefinition, args: unknown, context: ToolContext): Promise<unknown> {
    const source = definition.source as unknown as UpstreamToolSource;
    const upstream = await this.servers.find(source.serverId);
    if (upstream === undefined)
      throw ToolErrors.tool_unavailable(
        `The MCP server ${source.server} is disabled or not known to this instance.`,
      );
    return this.breaker(upstream).run(() => this.call(upstream, definition, source, args, context));
  }

  private async call(
    upstream: Upstream,
    { inputSchema }: ToolDefinition,
    { tool, task }: UpstreamToolSource,
    args: unknown,
    context: ToolContext,
  ): Promise<ToolResponse> {
    const { signal, deadline } = context;
    try {
      const answer = await this.connections.use(
        upstream,
        { signal, userId: signInOf(upstream, context.actor.userId) },
        (client) =>
          client.callTool(tool, args, {
            signal,
            timeoutMs: Math.max(1, deadline - Date.now()) + GRACE_MS,
            inputSchema,
            asTask: task === true,
            onProgress: context.progress,
          }),
      );
      return resultOf(answer);
    } catch (error) {
      if (signal.aborted && !(signal.reason instanceof Ended && signal.reason.why === 'timeout'))
        throw ToolErrors.tool_cancelled();
      // The upstream's own word on the call, as it would say it in a result.
      if (error instanceof ProtocolError && kindOf(error) === 'refused') return refusal(error);
      throw toUpstreamError(error, upstream.row.name);
    }
  }

  private breaker({ row }: Upstream): TransportBreaker {
    let breaker = this.breakers.get(row.id);
    if (breaker === undefined) {
      if (this.breakers.size >= MAX_BREAKERS) this.breakers.clear();
      const message = `The MCP server ${row.name} does not answer; it is tried again in a few seconds.`;
      breaker = new TransportBreaker({
        openMs: 5_000,
        refusal: (retryAfter) => McpServerErrors.upstream_unreachable(message, { retryAfter }),
      });
      this.breakers.set(row.id, breaker);
    }
    return breaker;
  }
}

function refusal(error: ProtocolError): ToolResponse {
  const text = error.message.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, MAX_TEXT);
  return { content: [{ type: 'text', text: `The MCP server refused the call: ${text}` }], isError: true };
}
