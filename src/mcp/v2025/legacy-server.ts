import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { type RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  CompleteRequestSchema,
  type CompleteResult,
  GetPromptRequestSchema,
  type GetPromptResult,
  ListPromptsRequestSchema,
  type ListPromptsResult,
  ListResourcesRequestSchema,
  type ListResourcesResult,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  type ListToolsResult,
  type LoggingLevel,
  ReadResourceRequestSchema,
  type ReadResourceResult,
  type ServerNotification,
  type ServerRequest,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type Actor } from '../../common/actor.js';
import { type McpCatalogue } from '../catalogue.js';
import { type Exchange } from '../catalogue.types.js';
import { type McpChanges } from '../changes.js';
import { completionTarget } from '../completion-target.js';
import { actorOf } from '../http-exchange.js';
import { answering, RpcError } from '../rpc-error.js';
import { INSTRUCTIONS, SERVER_INFO } from '../server-info.js';
import { LiveClient } from './live-client.js';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

const RESOURCE_NOT_FOUND = -32002;
const MAX_SUBSCRIPTIONS = 100;

/** What one session keeps between its requests. */
export interface SessionState {
  readonly subscriptions: Set<string>;
  logLevel: LoggingLevel | null;
  /** Keeps a new log level for the instance that builds the session again. */
  saveLogLevel(level: LoggingLevel): Promise<void>;
}

/** A server of revisions 2024-11-05 to 2025-11-25 over the catalogue, for one session. */
export function makeLegacyServer(catalogue: McpCatalogue, changes: McpChanges, state: SessionState): Server {
  const server = new Server(SERVER_INFO, {
    instructions: INSTRUCTIONS,
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    },
  });
  const exchange = (extra: Extra): Exchange => openCall(server, changes, state, extra);
  addTools(server, catalogue, exchange);
  addResources(server, catalogue, state);
  addPrompts(server, catalogue, exchange);
  server.setRequestHandler(SetLevelRequestSchema, async ({ params }) => {
    state.logLevel = params.level;
    await answering(() => state.saveLogLevel(params.level));
    return {};
  });
  return server;
}

function openCall(server: Server, changes: McpChanges, state: SessionState, extra: Extra): Exchange {
  const progressToken = extra._meta?.progressToken;
  return {
    actor: actor(extra),
    signal: extra.signal,
    client: new LiveClient(server.getClientCapabilities() ?? {}, state, changes, extra),
    ...(progressToken !== undefined && {
      onProgress: (update) =>
        void extra
          .sendNotification({ method: 'notifications/progress', params: { progressToken, ...update } })
          .catch(() => undefined),
    }),
  };
}

function addTools(server: Server, catalogue: McpCatalogue, exchange: (extra: Extra) => Exchange): void {
  server.setRequestHandler(ListToolsRequestSchema, ({ params }, extra) =>
    answering(async () => {
      const { items, nextCursor } = await catalogue.listTools(actor(extra), params?.cursor);
      return { tools: items, nextCursor } as unknown as ListToolsResult;
    }),
  );
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) =>
    answering(
      async () =>
        (await catalogue.callTool(
          params.name,
          params.arguments,
          exchange(extra),
        )) as unknown as CallToolResult,
    ),
  );
}

function addResources(server: Server, catalogue: McpCatalogue, state: SessionState): void {
  server.setRequestHandler(ListResourcesRequestSchema, ({ params }, extra) =>
    answering(async () => {
      const { items, nextCursor } = await catalogue.listResources(actor(extra), params?.cursor);
      return { resources: items, nextCursor } as unknown as ListResourcesResult;
    }),
  );
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: catalogue.resourceTemplates(),
  }));
  const read = async (uri: string, extra: Extra) => {
    const contents = await catalogue.readResource(actor(extra), uri);
    if (contents === undefined) throw new RpcError(RESOURCE_NOT_FOUND, 'Resource not found', { uri });
    return { contents } as unknown as ReadResourceResult;
  };
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }, extra) =>
    answering(() => read(params.uri, extra)),
  );
  server.setRequestHandler(SubscribeRequestSchema, ({ params }, extra) =>
    answering(async () => {
      await read(params.uri, extra);
      if (state.subscriptions.size >= MAX_SUBSCRIPTIONS)
        throw RpcError.invalidParams(`At most ${MAX_SUBSCRIPTIONS} subscriptions a session`);
      state.subscriptions.add(params.uri);
      return {};
    }),
  );
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    state.subscriptions.delete(params.uri);
    return {};
  });
}

function addPrompts(server: Server, catalogue: McpCatalogue, exchange: (extra: Extra) => Exchange): void {
  server.setRequestHandler(ListPromptsRequestSchema, ({ params }, extra) =>
    answering(async () => {
      const { items, nextCursor } = await catalogue.listPrompts(actor(extra), params?.cursor);
      return { prompts: items, nextCursor } as unknown as ListPromptsResult;
    }),
  );
  server.setRequestHandler(GetPromptRequestSchema, ({ params }, extra) =>
    answering(
      async () =>
        (await catalogue.getPrompt(
          params.name,
          params.arguments ?? {},
          exchange(extra),
        )) as unknown as GetPromptResult,
    ),
  );
  server.setRequestHandler(CompleteRequestSchema, ({ params }, extra) =>
    answering(async () => {
      const { name, value } = params.argument;
      const completion = await catalogue.complete(actor(extra), completionTarget(params.ref), name, value);
      return { completion } as unknown as CompleteResult;
    }),
  );
}

function actor(extra: Extra): Actor {
  return actorOf(extra.authInfo);
}
