import { setTimeout as wait } from 'node:timers/promises';
import { type TestApp } from './test-app.js';

export const LEGACY = '2025-11-25';
export const MODERN = '2026-07-28';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read any shape; a wrong one fails the assertion
type Json = any;

export interface RpcAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The message with the request's id; of an event stream, its last message. */
  readonly body: Json;
  readonly messages: readonly Json[];
}

/** Sends one message to /mcp as it stands on the wire, without any SDK; again after an overload, as a client does. */
export async function postMcp(
  server: Pick<TestApp, 'url'>,
  token: string | undefined,
  message: unknown,
  headers: Record<string, string> = {},
): Promise<RpcAnswer> {
  for (let tries = 0; ; tries += 1) {
    const answer = await postOnce(server, token, message, headers);
    if (answer.status !== 503 || tries === 5) return answer;
    await wait(200 + Math.random() * 500);
  }
}

async function postOnce(
  server: Pick<TestApp, 'url'>,
  token: string | undefined,
  message: unknown,
  headers: Record<string, string>,
): Promise<RpcAnswer> {
  const response = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  });
  const text = await response.text();
  const messages = text.startsWith('{') || text.startsWith('[') ? [JSON.parse(text)] : eventsOf(text);
  return { status: response.status, headers: response.headers, body: messages.at(-1), messages };
}

/** A request of revision 2026-07-28 with the headers and the envelope that it needs. */
export function modern(
  server: Pick<TestApp, 'url'>,
  token: string,
  method: string,
  params: Record<string, Json> = {},
  {
    id = 1,
    capabilities = {},
    headers = {},
  }: { id?: number; capabilities?: object; headers?: Record<string, string> } = {},
): Promise<RpcAnswer> {
  const name = params.name ?? params.uri;
  return postMcp(
    server,
    token,
    {
      jsonrpc: '2.0',
      id,
      method,
      params: {
        ...params,
        _meta: {
          ...params._meta,
          'io.modelcontextprotocol/protocolVersion': MODERN,
          'io.modelcontextprotocol/clientCapabilities': capabilities,
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        },
      },
    },
    {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
      ...headers,
    },
  );
}

export interface LegacySession {
  readonly id: string;
  call(method: string, params?: Record<string, Json>, id?: number): Promise<RpcAnswer>;
  headers: Record<string, string>;
}

/** Opens a session of a 2025-era client. */
export async function openLegacy(
  server: Pick<TestApp, 'url'>,
  token: string,
  capabilities: object = {},
): Promise<LegacySession> {
  const answer = await postMcp(server, token, {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: LEGACY, capabilities, clientInfo: { name: 'test', version: '1' } },
  });
  const id = answer.headers.get('mcp-session-id');
  if (id === null) throw new Error(`initialize failed: ${JSON.stringify(answer.body)}`);
  const headers = { 'mcp-session-id': id, 'mcp-protocol-version': LEGACY };
  await postMcp(server, token, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers);
  return {
    id,
    headers,
    call: (method, params = {}, rpcId = 1) =>
      postMcp(server, token, { jsonrpc: '2.0', id: rpcId, method, params }, headers),
  };
}

/** Makes an API key with these scopes. */
export async function makeKey(server: TestApp, token: string, scopes: string[]): Promise<string> {
  const answer = await server.call('POST', '/api/v1/api-keys', {
    token,
    body: { name: 'test', scopes },
  });
  if (answer.status !== 201) throw new Error(`no key: ${JSON.stringify(answer.body)}`);
  return answer.body.key as string;
}

function eventsOf(text: string): Json[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));
}
