import {
  type AuthProvider,
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  StreamableHTTPClientTransport,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { type Fetch } from '../../../../platform/egress/guarded-fetch.js';

export interface HttpTransportOptions {
  readonly url: URL;
  readonly fetch: Fetch;
  readonly authProvider?: AuthProvider;
}

const RECONNECTION = {
  initialReconnectionDelay: 500,
  maxReconnectionDelay: 5_000,
  reconnectionDelayGrowFactor: 2,
  maxRetries: 2,
};

/**
 * The SDK's Streamable HTTP transport with two gaps closed: a request whose answer stream ends without an answer fails
 * at once instead of at its timeout, and a cancelled request also closes its socket in the sessionful revisions.
 */
export class HttpTransport implements Transport {
  readonly hasPerRequestStream = true;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  private readonly inner: StreamableHTTPClientTransport;
  /** Requests without an answer yet, with what closes their sockets. */
  private readonly open = new Map<string | number, AbortController>();

  constructor({ url, fetch, authProvider }: HttpTransportOptions) {
    this.inner = new StreamableHTTPClientTransport(url, {
      fetch,
      reconnectionOptions: RECONNECTION,
      onInsufficientScope: 'throw',
      ...(authProvider && { authProvider }),
    });
    this.inner.onclose = () => this.onclose?.();
    this.inner.onerror = (error) => this.onerror?.(error);
    this.inner.onmessage = (message) => this.deliver(message);
  }

  get sessionId(): string | undefined {
    return this.inner.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.inner.setProtocolVersion(version);
  }

  start(): Promise<void> {
    return this.inner.start();
  }

  async send(message: JSONRPCMessage, options: TransportSendOptions = {}): Promise<void> {
    const sent = { ...options, resumptionToken: undefined };
    if (!isJSONRPCRequest(message)) {
      await this.inner.send(message, sent);
      if (isJSONRPCNotification(message)) this.closeCancelled(message);
      return;
    }
    const { id } = message;
    // A `subscriptions/listen` stream has its own answer for its end.
    const isOurs = options.onRequestStreamEnd === undefined;
    const closer = new AbortController();
    if (isOurs) this.open.set(id, closer);
    try {
      await this.inner.send(message, {
        ...sent,
        requestSignal: options.requestSignal ?? closer.signal,
        onRequestStreamEnd: isOurs ? () => this.failUnanswered(id) : options.onRequestStreamEnd,
      });
    } catch (error) {
      this.open.delete(id);
      throw error;
    }
  }

  /** Closes every socket. */
  async close(): Promise<void> {
    for (const closer of this.open.values()) closer.abort();
    this.open.clear();
    await this.inner.close();
  }

  /** Tells a sessionful server that its session may go. */
  async endSession(): Promise<void> {
    await this.inner.terminateSession();
  }

  private deliver(message: JSONRPCMessage): void {
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) {
      if (message.id !== undefined) this.open.delete(message.id);
    }
    this.onmessage?.(message);
  }

  private closeCancelled(message: JSONRPCMessage): void {
    const { method, params } = message as { method?: string; params?: { requestId?: string | number } };
    if (method !== 'notifications/cancelled' || params?.requestId === undefined) return;
    this.open.get(params.requestId)?.abort();
    this.open.delete(params.requestId);
  }

  private failUnanswered(id: string | number): void {
    if (!this.open.delete(id)) return;
    this.onmessage?.({
      jsonrpc: '2.0',
      id,
      error: { code: CONNECTION_CLOSED, message: 'Connection closed' },
    });
  }
}

/** The SDK's own code for a connection that ended under a request. */
export const CONNECTION_CLOSED = -32_000;
