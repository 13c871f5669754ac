import { DiscoveryService } from '@nestjs/core';
import { type z } from 'zod';
import { type ContentBlock, type ToolAnnotations, type ToolContext, type ToolPolicy } from './tool.js';

/** What a tool may return instead of a plain JSON value: its own content blocks. */
export interface ToolResponse {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

type Awaitable<T> = T | Promise<T>;

/** A tool without its code. `input` and `output` are zod objects; JSON Schemas are made from them. */
export interface ToolSpec<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType> {
  /** Letters, digits, `_` and `-`, at most 64. Unique among all tools. */
  readonly name: string;
  readonly title: string;
  /** What it does and when to use it, for people, models and the rule-based planner alike. */
  readonly description: string;
  /** Give every parameter a `.describe()`: models and the planner fill it by that text. */
  readonly input: I;
  readonly output?: O;
  readonly annotations?: ToolAnnotations;
  /** Scopes that a caller needs besides `tools:call`. First value only: an admin may change it. */
  readonly requiredScopes?: readonly string[];
  /** First values only: from then on the registry owns them. */
  readonly policy?: Partial<ToolPolicy>;
  /** First value only. Default true. */
  readonly enabled?: boolean;
}

/** A tool as a plain object, the default export of a file. */
export interface CodeToolObject<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodType = z.ZodType,
> extends ToolSpec<I, O> {
  /**
   * Does the work. `args` are validated. Returns a plain JSON value (shown as JSON and as structuredContent) or a
   * `ToolResponse`. Whatever it throws is logged and hidden from the caller, but for an AppError, whose text is shown.
   */
  run(args: z.output<I>, context: ToolContext): Awaitable<z.input<O> | ToolResponse>;
}

/** Any tool in code, whatever its types. */
export interface AnyCodeTool extends ToolSpec {
  run(args: never, context: ToolContext): unknown;
}

/** Declares a tool that needs nothing but its arguments and context. Checks the types, returns the same object. */
export function defineTool<I extends z.ZodObject, O extends z.ZodType = z.ZodUnknown>(
  tool: CodeToolObject<I, O>,
): CodeToolObject<I, O> {
  return tool;
}

/** The code of a tool that has dependencies: an `@Injectable()` class with `@CodeTool({…})`. */
export interface Tool<I, O> {
  run(args: I, context: ToolContext): Awaitable<O | ToolResponse>;
}

const ToolDecorator = DiscoveryService.createDecorator<ToolSpec>();

/** Declares an `@Injectable()` class as a tool. It is found wherever it is a provider. */
export const CodeTool: (spec: ToolSpec) => ClassDecorator = (spec) => ToolDecorator(spec);
/** The metadata key of `@CodeTool`, for the search of providers. */
export const CODE_TOOL = ToolDecorator.KEY;
