import { type ToolContract } from '../tool-version.entity.js';
import {
  type ToolAccess,
  type ToolContext,
  type ToolDefinition,
  type ToolKind,
  type ToolPolicy,
} from '../tool.js';

/** A tool that a source's code offers: its contract, and what an admin may change later. */
export interface OfferedTool {
  readonly contract: ToolContract;
  /** Where it comes from, shown as `source`. */
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
