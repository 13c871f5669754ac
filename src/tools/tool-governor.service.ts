import { Injectable, Logger } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { cutJson, cutText, jsonBytes } from './cut.js';
import { SchemaValidator } from './schema/validator.js';
import { type KeptResult, ToolResults } from './tool-results/tool-results.service.js';
import { ToolErrors } from './tools.errors.js';
import { type ContentBlock, type ToolDefinition, type ToolResult } from './tool.js';

export interface GovernedResult {
  readonly result: ToolResult;
  /** Something was left out. */
  readonly cut: boolean;
}

/**
 * Keeps a result within `policy.maxResultBytes` and its whole for the caller: texts end at a line, JSON keeps its shape
 * with fewer elements. The whole is a resource, `tool-result://<id>`.
 */
@Injectable()
export class ToolGovernor {
  private readonly log = new Logger('Tools');
  private readonly outputs = new SchemaValidator({ useDefaults: false });

  constructor(private readonly results: ToolResults) {}

  /**
   * Structured data of a tool with an output schema stays valid against it (MCP, server/tools: "Servers MUST provide
   * structured results that conform to this schema"): where no shorter value does, the result becomes an error that
   * names the whole.
   */
  async govern(actor: Actor, tool: ToolDefinition, whole: ToolResult): Promise<GovernedResult> {
    const max = tool.policy.maxResultBytes;
    const content = cutContent(whole.content, max);
    const structured = cutStructured(whole, max);
    const isCut = content.some((block, index) => block !== whole.content[index]) || structured.isCut;
    if (!isCut) return { result: whole, cut: false };
    const kept = await this.keep(actor, tool, whole);
    const note = noteOf(whole, max, kept);
    if (structured.isCut && !whole.isError && this.breaksSchema(tool, structured.value))
      return { result: tooLarge(note), cut: true };
    const { structuredContent: _, ...rest } = whole;
    const result = {
      ...rest,
      content: [...content, ...note],
      ...(structured.value !== undefined && { structuredContent: structured.value }),
    };
    return { result, cut: true };
  }

  /** A whole that cannot be kept costs its caller the link, not the call. */
  private async keep(actor: Actor, tool: ToolDefinition, whole: ToolResult): Promise<KeptResult | undefined> {
    try {
      return await this.results.keep(actor, tool.name, whole);
    } catch (error) {
      this.log.warn({ err: error, tool: tool.name }, 'The whole of a cut result was not kept');
      return undefined;
    }
  }

  private breaksSchema({ outputSchema, definitionHash }: ToolDefinition, value: unknown): boolean {
    return (
      outputSchema !== undefined && this.outputs.check(definitionHash, outputSchema, value) !== undefined
    );
  }
}

/** Blocks share the room in their order. One that is whole stays the same object. */
function cutContent(content: readonly ContentBlock[], maxBytes: number): ContentBlock[] {
  let left = maxBytes;
  return content.map((block): ContentBlock => {
    const size = block.type === 'text' ? Buffer.byteLength(block.text) : jsonBytes(block);
    const available = left;
    left = Math.max(0, left - size);
    if (size <= available) return block;
    if (block.type !== 'text') return { type: 'text', text: `[left out: ${block.type} of ${size} bytes]` };
    return { type: 'text', text: cutTextOrJson(block.text, available) };
  });
}

function cutTextOrJson(text: string, bytes: number): string {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(cutJson(JSON.parse(text), bytes));
    } catch {
      // It only looks like JSON.
    }
  }
  return cutText(text, bytes);
}

function cutStructured(
  { structuredContent }: ToolResult,
  maxBytes: number,
): { value?: unknown; isCut: boolean } {
  if (structuredContent === undefined || jsonBytes(structuredContent) <= maxBytes)
    return { value: structuredContent, isCut: false };
  return { value: cutJson(structuredContent, maxBytes), isCut: true };
}

function noteOf(whole: ToolResult, maxBytes: number, kept: KeptResult | undefined): ContentBlock[] {
  const texts = whole.content.map((block) =>
    block.type === 'text' ? Buffer.byteLength(block.text) : jsonBytes(block),
  );
  const size = Math.max(
    texts.reduce((sum, bytes) => sum + bytes, 0),
    whole.structuredContent === undefined ? 0 : jsonBytes(whole.structuredContent),
  );
  const head = `[truncated: the result has ${size} bytes, ${maxBytes} are shown`;
  if (kept === undefined) return [{ type: 'text', text: `${head}]` }];
  const { id, uri, mimeType, truncated, expiresAt } = kept;
  const until = expiresAt.toISOString();
  const what = truncated ? 'Its first 8 MiB are' : 'The whole is';
  return [
    {
      type: 'text',
      text: `${head}. ${what} kept until ${until}: read_result with ${uri}, or GET /api/v1/tool-results/${id}]`,
    },
    { type: 'resource_link', uri, name: 'The whole result', mimeType },
  ];
}

function tooLarge(note: readonly ContentBlock[]): ToolResult & { errorCode: string } {
  const { code, message } = ToolErrors.tool_result_too_large();
  const text = `${message} Ask for less, or read the whole.`;
  return { content: [{ type: 'text', text }, ...note], isError: true, errorCode: code };
}
