import { type ToolResponse } from '../../define-tool.js';
import { type ContentBlock } from '../../tool.js';
import { type CallAnswer } from './client/upstream-client.js';

type Block = Readonly<Record<string, unknown>>;

/**
 * The answer of an upstream in our words: all content types of the specification, `structuredContent` and `isError`.
 * A block of a kind that we do not know is passed on as its JSON text; metadata of the upstream stays behind.
 */
export function resultOf({ content, structuredContent, isError }: CallAnswer): ToolResponse {
  return {
    content: content.map(blockOf),
    ...(structuredContent !== undefined && { structuredContent }),
    isError: isError === true,
  };
}

function blockOf(raw: unknown): ContentBlock {
  const block = (typeof raw === 'object' && raw !== null ? raw : {}) as Block;
  switch (block.type) {
    case 'text':
      if (typeof block.text === 'string') return { type: 'text', text: block.text };
      break;
    case 'image':
    case 'audio':
      if (typeof block.data === 'string' && typeof block.mimeType === 'string')
        return { type: block.type, data: block.data, mimeType: block.mimeType };
      break;
    case 'resource_link':
      if (typeof block.uri === 'string')
        return { type: 'resource_link', uri: block.uri, name: text(block.name) ?? block.uri, ...type(block) };
      break;
    case 'resource': {
      const resource = (block.resource ?? {}) as Block;
      if (typeof resource.uri === 'string')
        return {
          type: 'resource',
          resource: {
            uri: resource.uri,
            ...type(resource),
            ...(typeof resource.text === 'string' && { text: resource.text }),
            ...(typeof resource.blob === 'string' && { blob: resource.blob }),
          },
        };
      break;
    }
    default:
  }
  return { type: 'text', text: JSON.stringify(raw) ?? '' };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function type({ mimeType }: Block): { mimeType?: string } {
  return typeof mimeType === 'string' ? { mimeType } : {};
}
