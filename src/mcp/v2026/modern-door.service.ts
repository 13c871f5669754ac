import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import {
  createMcpHandler,
  type McpHttpHandler,
  type McpRequestContext,
  type ServerEvent,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import { KeyRing } from '../../platform/secrets/key-ring.js';
import { McpCatalogue } from '../catalogue.js';
import { type McpChange, McpChanges } from '../changes.js';
import { actorOf, authInfo, type HttpExchange } from '../http-exchange.js';
import {
  hasMirroredArguments,
  makeMirrorServer,
  makeModernServer,
  type ModernParts,
} from './modern-server.js';
import { requestStateCodec } from './request-state.js';

const MAX_SUBSCRIPTIONS = 1000;

/** Revision 2026-07-28: no session, a fresh server a request, so nothing of one caller can reach another. [S48] */
@Injectable()
export class ModernDoor implements OnModuleDestroy {
  private readonly log = new Logger('Mcp');
  private readonly parts: ModernParts;
  private readonly handler: McpHttpHandler;

  constructor(catalogue: McpCatalogue, changes: McpChanges, keyRing: KeyRing) {
    this.parts = { catalogue, changes, codec: requestStateCodec(keyRing) };
    this.handler = createMcpHandler((context) => this.serverFor(context), {
      legacy: 'reject',
      bus: changeBus(changes),
      maxSubscriptions: MAX_SUBSCRIPTIONS,
      onerror: (error) => this.log.debug(`refused or broken request: ${error.message}`),
    });
  }

  handle({ actor, request, body }: HttpExchange): Promise<Response> {
    return this.handler.fetch(request, { authInfo: authInfo(actor), parsedBody: body });
  }

  async onModuleDestroy(): Promise<void> {
    await this.handler.close();
  }

  private async serverFor({ authInfo: info, requestInfo }: McpRequestContext) {
    // The SDK has compared both headers with the body before.
    if (requestInfo?.headers.get('mcp-method') === 'tools/call') {
      const name = decodeHeader(requestInfo.headers.get('mcp-name') ?? '');
      const tool = await this.parts.catalogue.findTool(actorOf(info), name);
      if (tool !== undefined && hasMirroredArguments(tool)) return makeMirrorServer(this.parts, tool);
    }
    return makeModernServer(this.parts);
  }
}

/** The change bus of `subscriptions/listen`, fed from ours. */
function changeBus(changes: McpChanges): ServerEventBus {
  return {
    publish: () => undefined,
    subscribe: (listener) => changes.subscribe((change) => listener(toEvent(change))),
  };
}

function toEvent(change: McpChange): ServerEvent {
  return 'resource' in change
    ? { kind: 'resource_updated', uri: change.resource }
    : { kind: `${change.list}_list_changed` };
}

/** `=?base64?…?=` carries a name that a header cannot (transports/streamable-http, header encoding). */
function decodeHeader(value: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString('utf8');
}
