import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  fromJsonSchema,
  type GetPromptResult,
  inputRequired,
  type InputRequiredResult,
  type ListPromptsResult,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ListToolsResult,
  McpServer,
  type ReadResourceResult,
  type RequestStateCodec,
  Server,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import { type McpCatalogue } from '../catalogue.js';
import { type Exchange, type ToolListing } from '../catalogue.types.js';
import { type McpChanges } from '../changes.js';
import { completionTarget } from '../completion-target.js';
import { actorOf } from '../http-exchange.js';
import { answering, RpcError } from '../rpc-error.js';
import { INSTRUCTIONS, SERVER_INFO } from '../server-info.js';
import { ToolPaused } from '../../tools/tool.js';
import { PausedClient } from './paused-client.js';
import { answersOf, callDigest, type CallState } from './request-state.js';

/** Lists may be kept for a short while, by the caller only: each sees what he may use. */
const LIST_CACHE = { ttlMs: 5000, cacheScope: 'private' } as const;
const NO_CACHE = { ttlMs: 0, cacheScope: 'private' } as const;

/** What all servers of this era share. */
export interface ModernParts {
  readonly catalogue: McpCatalogue;
  readonly changes: McpChanges;
  readonly codec: RequestStateCodec<CallState>;
}

/** A server of revision 2026-07-28 over the catalogue, for one request. */
export function makeModernServer(parts: ModernParts): Server {
  const server = new Server(SERVER_INFO, options(parts));
  addTools(server, parts);
  addResources(server, parts);
  addPrompts(server, parts);
  return server;
}

/**
 * The server of a call to a tool that takes arguments from headers (`x-mcp-header`). Only the SDK's high-level server
 * compares those headers with the body, so it gets this one tool, with a schema of just the mirrored arguments: the
 * arguments themselves are checked by the executor, as at every door.
 */
export function makeMirrorServer(parts: ModernParts, tool: ToolListing): McpServer {
  const server = new McpServer(SERVER_INFO, options(parts));
  server.registerTool(
    tool.name,
    { inputSchema: fromJsonSchema<Record<string, unknown>>(mirroredOnly(tool.inputSchema) as never) },
    (args, context) => callTool(parts, tool.name, args, context),
  );
  return server;
}

/** Does the tool take an argument from a header? */
export function hasMirroredArguments(tool: ToolListing): boolean {
  return Object.keys(mirroredOnly(tool.inputSchema).properties).length > 0;
}

function options({ codec }: ModernParts): ServerOptions {
  return {
    instructions: INSTRUCTIONS,
    capabilities: {
      tools: { listChanged: true },
      resources: { listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    },
    cacheHints: {
      'tools/list': LIST_CACHE,
      'prompts/list': LIST_CACHE,
      'resources/list': LIST_CACHE,
      'resources/templates/list': LIST_CACHE,
      'resources/read': NO_CACHE,
      'server/discover': LIST_CACHE,
    },
    requestState: { verify: (state, context) => codec.verify(state, context) },
  };
}

function addTools(server: Server, parts: ModernParts): void {
  server.setRequestHandler('tools/list', ({ params }, context) =>
    answering(async () => {
      const { items, nextCursor } = await parts.catalogue.listTools(actor(context), params?.cursor);
      return { tools: items, nextCursor } as unknown as ListToolsResult;
    }),
  );
  server.setRequestHandler('tools/call', ({ params }, context) =>
    callTool(parts, params.name, params.arguments, context),
  );
}

function callTool(
  parts: ModernParts,
  name: string,
  args: unknown,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  return asking(
    parts,
    callDigest('tools/call', name, args),
    context,
    async (exchange) => (await parts.catalogue.callTool(name, args, exchange)) as unknown as CallToolResult,
  );
}

function addResources(server: Server, { catalogue }: ModernParts): void {
  server.setRequestHandler('resources/list', ({ params }, context) =>
    answering(async () => {
      const { items, nextCursor } = await catalogue.listResources(actor(context), params?.cursor);
      return { resources: items, nextCursor } as unknown as ListResourcesResult;
    }),
  );
  server.setRequestHandler(
    'resources/templates/list',
    () => ({ resourceTemplates: catalogue.resourceTemplates() }) as unknown as ListResourceTemplatesResult,
  );
  server.setRequestHandler('resources/read', ({ params: { uri } }, context) =>
    answering(async () => {
      const contents = await catalogue.readResource(actor(context), uri);
      if (contents === undefined) throw RpcError.invalidParams('Resource not found', { uri });
      return { contents } as unknown as ReadResourceResult;
    }),
  );
}

function addPrompts(server: Server, parts: ModernParts): void {
  const { catalogue } = parts;
  server.setRequestHandler('prompts/list', ({ params }, context) =>
    answering(async () => {
      const { items, nextCursor } = await catalogue.listPrompts(actor(context), params?.cursor);
      return { prompts: items, nextCursor } as unknown as ListPromptsResult;
    }),
  );
  server.setRequestHandler('prompts/get', ({ params }, context) => {
    const { name, arguments: args = {} } = params;
    const digest = callDigest('prompts/get', name, args);
    return asking(parts, digest, context, async (exchange) => {
      return (await catalogue.getPrompt(name, args, exchange)) as unknown as GetPromptResult;
    });
  });
  server.setRequestHandler('completion/complete', ({ params }, context) =>
    answering(async () => {
      const { name, value } = params.argument;
      const completion = await catalogue.complete(actor(context), completionTarget(params.ref), name, value);
      return { completion: { ...completion, values: [...completion.values] } };
    }),
  );
}

/** Runs what may ask its client. Open questions become the result, with the signed answers so far. */
function asking<T>(
  { changes, codec }: ModernParts,
  call: string,
  context: ServerContext,
  work: (exchange: Exchange) => Promise<T>,
): Promise<T | InputRequiredResult> {
  return answering(async () => {
    const client = new PausedClient(capabilities(context), answersOf(context, call), changes, context);
    const paused = async () =>
      inputRequired({
        inputRequests: client.questions,
        requestState: await codec.mint({ call, answers: client.answered }, context),
      });
    try {
      const result = await work(openCall(context, client));
      return client.questions === undefined ? result : await paused();
    } catch (error) {
      if (error instanceof ToolPaused) return paused();
      throw error;
    }
  });
}

function openCall(context: ServerContext, client: PausedClient): Exchange {
  const progressToken = context.mcpReq._meta?.progressToken;
  return {
    actor: actor(context),
    signal: context.mcpReq.signal,
    client,
    ...(progressToken !== undefined && {
      onProgress: (update) =>
        void context.mcpReq
          .notify({ method: 'notifications/progress', params: { progressToken, ...update } })
          .catch(() => undefined),
    }),
  };
}

function capabilities(context: ServerContext): Record<string, unknown> {
  // The published type of the envelope is empty in 2.4.0.
  const envelope = context.mcpReq.envelope as Record<string, unknown> | undefined;
  return (envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {}) as Record<string, unknown>;
}

function mirroredOnly(inputSchema: Readonly<Record<string, unknown>>) {
  const properties = Object.entries((inputSchema.properties ?? {}) as Record<string, unknown>).filter(
    ([, schema]) => typeof schema === 'object' && schema !== null && 'x-mcp-header' in schema,
  );
  return { type: 'object', properties: Object.fromEntries(properties) } as const;
}

function actor(context: ServerContext) {
  return actorOf(context.http?.authInfo);
}
