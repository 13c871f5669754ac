import { type ToolContract } from '../tool-version.entity.js';
import {
  type JsonSchema,
  type ToolAccess,
  type ToolContext,
  type ToolDefinition,
  type ToolKind,
  type ToolPolicy,
} from '../tool.js';

/** A tool that a source's code offers: its contract, and what an admin may change later. */
export interface OfferedTool {
  readonly contract: ToolContract;
  /**
   * Where it comes from and where its calls go, shown as `source`. Unless the list is code it is part of what is
   * versioned and pinned, so it holds nothing that changes by itself (no state, no time).
   */
  readonly source: Readonly<Record<string, unknown>>;
  /** Used when the registry sees the tool for the first time. */
  readonly defaults: {
    readonly policy: ToolPolicy;
    readonly access: ToolAccess;
    readonly requiredScopes: readonly string[];
    readonly enabled: boolean;
  };
}

/** Something a source could not offer; `message` names the fix and is safe to show to an admin. */
export interface SourceProblem {
  readonly file: string;
  readonly message: string;
}

/**
 * Where tools come from. Any provider of any module that extends this class is found at start; there is one per kind.
 * A source only lists and runs: access, validation, limits, deadline and record are the executor's.
 */
export abstract class ToolSource {
  abstract readonly kind: ToolKind;

  /** Tools that this source's own code defines. Empty when all tools of the kind are rows made through the API. */
  abstract list(): Promise<readonly OfferedTool[]>;

  /**
   * Checks what an admin gives as `source` of a tool that he makes or changes (`POST` and `PATCH /api/v1/tools`) and
   * returns it as it is to be stored. Throws `invalid_tool_source`, which names the member and the fix. A source
   * without this method has no tools that are made one by one.
   */
  checkSource?(source: unknown, contract: ToolContract): Promise<Readonly<Record<string, unknown>>>;

  /**
   * The outputSchema of a tool whose author gave none, from a source that `checkSource` returned. A source without this
   * method leaves it out.
   */
  describeOutput?(source: Readonly<Record<string, unknown>>): Promise<JsonSchema>;

  /** Looks for its tools again (`tools reload`), and says what could not be read. */
  async refresh(): Promise<readonly SourceProblem[]> {
    return [];
  }

  /**
   * Runs a tool with validated arguments. Gives a plain JSON value or a `ToolResponse`. An AppError that it throws is
   * shown to the caller, anything else is hidden. Must end when `context.signal` aborts.
   */
  abstract run(definition: ToolDefinition, args: unknown, context: ToolContext): Promise<unknown>;
}
