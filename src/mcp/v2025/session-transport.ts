import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import { authInfo, type HttpExchange } from '../http-exchange.js';
import { MemoryEventStore } from './memory-event-store.js';

const RETRY_INTERVAL_MS = 1000;

/**
 * The transport of one session in one instance. Several instances may serve a session at once, and each counts its
 * questions to the client from 0: their ids get the name of the instance, so that an answer finds its question only.
 */
export class SessionTransport extends WebStandardStreamableHTTPServerTransport {
  constructor(
    private readonly id: string,
    private readonly instance: string,
  ) {
    super({
      sessionIdGenerator: () => id,
      eventStore: new MemoryEventStore(),
      retryInterval: RETRY_INTERVAL_MS,
    });
  }

  override send(message: JSONRPCMessage, options?: { relatedRequestId?: string | number }): Promise<void> {
    return super.send(
      isJSONRPCRequest(message) ? { ...message, id: `${this.instance}:${message.id}` } : message,
      options,
    );
  }

  /** Serves what the client sent. */
  serve({ request, body, actor }: HttpExchange): Promise<Response> {
    return this.handleRequest(request, { parsedBody: this.ownAnswer(body), authInfo: authInfo(actor) });
  }

  /** Takes a message as if the client had sent it here. */
  async play(message: unknown): Promise<void> {
    const request = new Request('http://localhost/mcp', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': this.id,
      },
    });
    await (await this.handleRequest(request, { parsedBody: this.ownAnswer(message) })).text();
  }

  /** An answer to a question of this instance, with the id that the SDK gave the question. */
  private ownAnswer(message: unknown): unknown {
    if (!isJSONRPCResultResponse(message) && !isJSONRPCErrorResponse(message)) return message;
    const [instance, id] = String(message.id).split(':');
    return instance === this.instance ? { ...message, id: Number(id) } : message;
  }
}
