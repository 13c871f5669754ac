import { type Actor } from '../common/actor.js';

/** What a tool says about itself (MCP specification 2026-07-28, server/tools, ToolAnnotations). */
export interface ToolAnnotations {
  /** It changes nothing. */
  readonly readOnlyHint?: boolean;
  /** It may delete or overwrite. Only meaningful when it is not read-only. */
  readonly destructiveHint?: boolean;
  /** Calling it again with the same arguments changes nothing more. */
  readonly idempotentHint?: boolean;
  /** It reaches beyond this server. */
  readonly openWorldHint?: boolean;
}

/** A piece of a result, in the shape of MCP content blocks. */
export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource_link';
      readonly uri: string;
      readonly name: string;
      readonly mimeType?: string;
    }
  | {
      readonly type: 'resource';
      readonly resource: {
        readonly uri: string;
        readonly mimeType?: string;
        readonly text?: string;
        readonly blob?: string;
      };
    };

/** A JSON Schema 2020-12 whose root is an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Where a tool comes from. */
export type ToolKind = 'builtin' | 'http' | 'openapi' | 'sql' | 'mcp' | 'agent';

/**
 * Tools that come as one list: the code of this installation, one upstream server, one import. A tool is on one list,
 * and no list can take a name that it does not hold. `trust` says what a changed definition means: `code` and `admin`
 * are followed, `remote` is quarantined until an admin approves it.
 */
export interface ToolSet {
  readonly kind: ToolKind;
  /** Unique within the kind, and lasting: the id of a server, the name of an import. */
  readonly id: string;
  readonly trust: 'code' | 'admin' | 'remote';
}

/** How a tool may be used; on by default, changed by an admin. */
export interface ToolPolicy {
  readonly timeoutMs: number;
  /** Tries after the first, only for read-only or idempotent tools. */
  readonly retries: number;
  /** Calls per minute and actor; null is no limit of its own. */
  readonly rateLimit: number | null;
  /** Calls at once in this process. */
  readonly concurrency: number;
  /** How long a result of a read-only tool may be given again; 0 turns the cache off. */
  readonly cacheTtlMs: number;
  /** Whom a cached result may be given to: the credential that made it (`private`), or everyone who may call. */
  readonly cacheScope: 'private' | 'public';
  readonly approval: 'never' | 'destructive' | 'always';
  readonly maxResultBytes: number;
}

/** Who may use a tool. Empty lists are "everyone with the scope". */
export interface ToolAccess {
  readonly roles: readonly string[];
  readonly users: readonly string[];
  readonly agents: readonly string[];
}

/** A tool as the registry holds it and every door shows it. */
export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations: ToolAnnotations;
  readonly kind: ToolKind;
  readonly source: Readonly<Record<string, unknown>>;
  readonly policy: ToolPolicy;
  readonly enabled: boolean;
  readonly requiredScopes: readonly string[];
  readonly access: ToolAccess;
  readonly version: number;
  readonly definitionHash: string;
  readonly state: 'active' | 'quarantined' | 'unavailable';
}

/** What a running tool may use. */
export interface ToolContext {
  readonly actor: Actor;
  /** Aborts at the deadline, at a cancel and when the caller is gone. */
  readonly signal: AbortSignal;
  /** When the call ends at the latest (Date.now() milliseconds). */
  readonly deadline: number;
  readonly callId: string;
  /** The agent that calls, and its allow list. */
  readonly agent?: string;
  readonly agentTools?: readonly string[];
  /** The run that calls, and the row of its journal. */
  readonly runId?: string;
  readonly step?: string;
  /** The egress guard's fetch, the only way out of this process. */
  readonly fetch: typeof globalThis.fetch;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
  readonly progress: (update: ToolProgress) => void;
  /** A secret of the vault, by name. */
  readonly secret: (name: string) => Promise<string>;
  /** The client behind an MCP call, when it can be asked something; undefined on every other door. */
  readonly client?: ToolClient;
}

export interface ToolProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** A question to the client of an MCP call (MCP client features: elicitation, sampling, roots). */
export interface ClientQuestion {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The client behind an MCP call. */
export interface ToolClient {
  /** What the client said it can do, e.g. `{ elicitation: {}, sampling: {} }`. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /**
   * Asks several questions at once and returns the answers under the same keys. A client of 2025-11-25 or older is
   * asked while the call waits. A client of 2026-07-28 gets the questions as the result of its call and makes the call
   * again with the answers: `ask` then rejects with ToolPaused the first time (let it through) and the whole tool runs
   * again, so ask before any side effect and give every question of a call a key of its own.
   */
  ask(questions: Readonly<Record<string, ClientQuestion>>): Promise<Readonly<Record<string, unknown>>>;
  /** A log message to the client, for the level that it asked for. */
  log(level: string, data: unknown): Promise<void>;
  /** Says that what this server offers has changed; every connected client lists again. */
  listChanged(kind: 'tools' | 'prompts' | 'resources'): void;
}

/** A call that ended with questions for its client. ToolExecutor rejects with it: neither a result nor a failure. */
export class ToolPaused extends Error {
  constructor() {
    super('The call goes on when its client has answered.');
    this.name = 'ToolPaused';
  }
}

/** One call, the same for every door. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: unknown;
  /** The agent that calls, for access rules and the record. */
  readonly agent?: string;
  /** Names and globs that this agent may use: a tool outside of it does not exist for the call. [S66] */
  readonly agentTools?: readonly string[];
  /** Decides and validates, and says what would happen; the tool is not run. */
  readonly dryRun?: boolean;
  /** Answers with a value made from the output schema; the tool is not run. */
  readonly simulate?: boolean;
  /** The run and journal path that calls, for the record. */
  readonly runId?: string;
  readonly step?: string;
  /** The definition that the caller has seen: when the tool has another one by now, it is not run. */
  readonly definitionHash?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (update: ToolProgress) => void;
  readonly client?: ToolClient;
  /** Asked before the tool is run, with its definition and the valid arguments: what it throws ends the call. */
  readonly admit?: (tool: ToolDefinition, args: unknown) => Promise<void>;
}

/** What a tool gave back. A failure of the tool itself is `isError` with a safe text, never a throw. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: unknown;
  readonly isError: boolean;
}

/** The result of a call, with what the record of it says. */
export interface ToolOutcome extends ToolResult {
  readonly callId: string;
  readonly durationMs: number;
  /** Stable code of the failure when `isError`, e.g. `tool_timeout`, `tool_failed`, `invalid_tool_arguments`. */
  readonly errorCode?: string;
  /** The result of an earlier equal call. */
  readonly cached?: true;
  /** Made from the output schema; nothing was run. */
  readonly simulated?: true;
  /** What a call would do; nothing was run. */
  readonly plan?: ToolPlan;
}

/** What a dry run found out. */
export interface ToolPlan {
  readonly version: number;
  readonly definitionHash: string;
  /** As the tool would get them: valid, with defaults. */
  readonly arguments: unknown;
  readonly policy: ToolPolicy;
  /** Would an agent have to wait for a person? */
  readonly approvalNeeded: boolean;
  /** Would the answer come from the cache? */
  readonly cached: boolean;
  /** Tries after the first that a transport failure would get; 0 for a tool that changes something. */
  readonly retries: number;
  /** Of the tool's breaker in this process; an open one would refuse the call. */
  readonly circuit: 'closed' | 'open' | 'half_open';
}
