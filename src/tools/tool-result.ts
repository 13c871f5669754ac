import { type FieldError } from '../common/app-error.js';
import { type ToolResponse } from './define-tool.js';
import { ToolErrors } from './tools.errors.js';
import { type ContentBlock, type ToolResult } from './tool.js';

const BLOCK_TYPES = new Set(['text', 'image', 'audio', 'resource', 'resource_link']);

/** A text and the same as data, for tools whose result people and the rule-based planner read. */
export function answer<T extends object>(text: string, structuredContent: T): ToolResponse {
  return { content: [{ type: 'text', text }], structuredContent };
}

/**
 * Makes a result of what a tool returned: content blocks are taken as they are, a text becomes a text block, any other
 * JSON value becomes `structuredContent` and its JSON text. Throws `invalid_tool_output` for what is not JSON.
 */
export function toResult(value: unknown, hasOutputSchema: boolean): ToolResult {
  if (isResponse(value)) {
    const { content, structuredContent, isError = false } = value;
    return {
      content: plain(content) as ContentBlock[],
      isError,
      ...(structuredContent !== undefined && { structuredContent: plain(structuredContent) }),
    };
  }
  if (value === undefined) return { content: [], isError: false };
  const json = plain(value);
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  const structured = typeof json === 'object' && json !== null;
  return {
    content: [{ type: 'text', text }],
    isError: false,
    ...((structured || hasOutputSchema) && { structuredContent: json }),
  };
}

/** What an output that breaks the tool's own schema is answered with. */
export function outputError(
  problems: readonly FieldError[],
): ReturnType<typeof ToolErrors.invalid_tool_output> {
  const list = problems.map(({ field, message }) => `${field || 'the result'} ${message}`).join('; ');
  return ToolErrors.invalid_tool_output(`The result does not match the outputSchema of the tool: ${list}.`);
}

function isResponse(value: unknown): value is ToolResponse {
  const content = (value as { content?: unknown } | null)?.content;
  return (
    Array.isArray(content) &&
    content.every((block) => BLOCK_TYPES.has((block as { type?: unknown } | null)?.type as string))
  );
}

/** The value as JSON holds it: no Date, class, undefined or cycle reaches a caller or the database. */
function plain(value: unknown): unknown {
  try {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError('it is not a JSON value');
    return JSON.parse(json.toWellFormed());
  } catch (error) {
    throw ToolErrors.invalid_tool_output('The tool returned something that is not JSON.', { cause: error });
  }
}
