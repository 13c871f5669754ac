import { Client, type ClientOptions, type JSONObject, type Transport } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { VERSION } from '../../../../config/version.js';
import { McpServerErrors } from '../mcp-servers.errors.js';
import { type ServerInfo } from '../mcp-server.entity.js';
import { HttpTransport } from './http-transport.js';
import { callAsTask } from './task-call.js';

export const MAX_TOOLS = 500;
const MAX_PAGES = 100;
const MAX_LIST_BYTES = 4 << 20;
const PROBE_MS = 5_000;
const END_SESSION_MS = 2_000;
/** Several notices in a row are one look at the list. */
const DEBOUNCE_MS = 500;

/** What a page of `tools/list` must have; each tool is judged by itself. */
const ToolsPage = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });
/** The answer of `tools/call`; its parts are judged where they are mapped. */
const CallAnswer = z.looseObject({
  content: z.array(z.unknown()).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});
export type CallAnswer = z.infer<typeof CallAnswer>;

export interface OpenOptions {
  readonly transport: Transport;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The server says that its tools have changed. */
  readonly onToolsChanged: () => void;
  readonly onClose: () => void;
  /** Skips the probe for the newest revision, for programs that end when they are asked something they do not know. */
  readonly legacy?: boolean;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The input schema as the upstream gave it: names the arguments that it wants as headers (SEP-2243). */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** The tool answers only to a task. */
  readonly asTask: boolean;
  readonly onProgress: (progress: { progress: number; total?: number; message?: string }) => void;
}

/**
 * An open connection to an MCP server of either era. It offers the server no sampling, no elicitation and no roots,
 * and compiles none of its schemas: that is the registry's business.
 */
export class UpstreamClient {
  private constructor(
    private readonly client: Client,
    private readonly transport: Transport,
  ) {}

  /** Connects by the newest revision that both know. Rejects with the SDK's error. */
  static async open(options: OpenOptions): Promise<UpstreamClient> {
    const client = new Client({ name: 'mcp-server', version: VERSION }, clientOptions(options));
    client.onclose = options.onClose;
    // Errors of a stream are told by the requests that suffer from them.
    client.onerror = () => undefined;
    try {
      await client.connect(options.transport, { signal: options.signal, timeout: options.timeoutMs });
    } catch (error) {
      await options.transport.close().catch(() => undefined);
      throw error;
    }
    return new UpstreamClient(client, options.transport);
  }

  get info(): ServerInfo | null {
    const info = this.client.getServerVersion();
    if (info === undefined) return null;
    return { name: String(info.name).slice(0, 200), version: String(info.version).slice(0, 100) };
  }

  get protocolVersion(): string | null {
    return this.client.getNegotiatedProtocolVersion() ?? null;
  }

  /** All tools, or none: throws `upstream_list_refused` for a list that is too long or does not end. */
  async listTools(signal: AbortSignal, timeoutMs: number): Promise<unknown[]> {
    if (this.client.getServerCapabilities()?.tools === undefined) return [];
    const tools: unknown[] = [];
    const seen = new Set<string>();
    let cursor: string | undefined;
    let bytes = 0;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const params = cursor === undefined ? {} : { cursor };
      const answer = await this.client.request({ method: 'tools/list', params }, ToolsPage, {
        signal,
        timeout: timeoutMs,
      });
      tools.push(...answer.tools.slice(0, MAX_TOOLS + 1));
      bytes += Buffer.byteLength(JSON.stringify(answer.tools));
      if (tools.length > MAX_TOOLS)
        throw McpServerErrors.upstream_list_refused(`The server offers more than ${MAX_TOOLS} tools.`);
      if (bytes > MAX_LIST_BYTES)
        throw McpServerErrors.upstream_list_refused('The definitions of the server are larger than 4 MiB.');
      cursor = answer.nextCursor;
      if (cursor === undefined || cursor === '') return tools;
      if (seen.has(cursor)) break;
      seen.add(cursor);
    }
    throw McpServerErrors.upstream_list_refused('The list of tools of the server does not end.');
  }

  /** Rejects with the SDK's error, also for a JSON-RPC error of the server. */
  async callTool(name: string, args: unknown, options: CallOptions): Promise<CallAnswer> {
    const params = { name, arguments: (args ?? {}) as JSONObject };
    if (options.asTask && this.client.getProtocolEra() === 'legacy')
      return callAsTask(this.client, params, CallAnswer, options);
    const answer = await this.client.callTool(params, {
      signal: options.signal,
      timeout: options.timeoutMs,
      maxTotalTimeout: options.timeoutMs,
      onprogress: ({ progress, total, message }) => options.onProgress({ progress, total, message }),
      toolDefinition: { name, inputSchema: options.inputSchema as { type: 'object' } },
    });
    return CallAnswer.parse(answer);
  }

  /** Ends the session and the connection, or the program. Never rejects. */
  async close(): Promise<void> {
    try {
      if (this.transport instanceof HttpTransport) await inTime(this.transport.endSession(), END_SESSION_MS);
    } catch {
      // A server that cannot be reached keeps its session until it forgets it.
    }
    await this.client.close().catch(() => undefined);
  }
}

function clientOptions({ onToolsChanged, legacy }: OpenOptions): ClientOptions {
  return {
    capabilities: {},
    versionNegotiation: { mode: legacy === true ? 'legacy' : 'auto', probe: { timeoutMs: PROBE_MS } },
    inputRequired: { autoFulfill: false },
    listChanged: { tools: { autoRefresh: false, debounceMs: DEBOUNCE_MS, onChanged: onToolsChanged } },
    // The executor checks results against the schema that was approved.
    jsonSchemaValidator: {
      getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
    },
  };
}

async function inTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  work.catch(() => undefined);
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
