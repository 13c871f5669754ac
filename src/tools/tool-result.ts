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

/**
 * Keeps a result within `maxBytes`: texts are cut and say so, other blocks that are too large are replaced by a note.
 * Structured data cannot be cut: without an output schema it is left out, with one the call fails with
 * `tool_result_too_large`.
 */
export function capResult(result: ToolResult, maxBytes: number, hasOutputSchema: boolean): ToolResult {
  let left = maxBytes;
  const content = result.content.map((block): ContentBlock => {
    const size = Buffer.byteLength(block.type === 'text' ? block.text : JSON.stringify(block));
    const available = left;
    left = Math.max(0, left - size);
    if (size <= available) return block;
    if (block.type !== 'text')
      return { type: 'text', text: `[left out: ${block.type} of ${size} bytes, the limit is ${maxBytes}]` };
    return {
      type: 'text',
      text: `${cut(block.text, available)}\n[truncated: ${available} of ${size} bytes shown]`,
    };
  });
  if (result.structuredContent === undefined) return { ...result, content };
  const size = Buffer.byteLength(JSON.stringify(result.structuredContent));
  if (size <= maxBytes) return { ...result, content };
  if (hasOutputSchema && !result.isError)
    throw ToolErrors.tool_result_too_large(
      `The result has ${size} bytes, the tool may return ${maxBytes}. Ask for less.`,
    );
  const { structuredContent: _, ...rest } = result;
  return { ...rest, content };
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

/** Cuts at a byte length without splitting a character. */
function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  let end = Math.min(bytes, buffer.length);
  while (end > 0 && ((buffer[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return buffer.toString('utf8', 0, end);
}
