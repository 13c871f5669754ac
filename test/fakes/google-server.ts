import { type Frame, type LlmServer, pieces, startLlmServer, type WireFormat } from './llm-server.js';

const USAGE = { usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 } };
const frameOf = (usage: object, parts: unknown[], more: object = {}, is?: Frame['is']): Frame => ({
  data: `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], ...usage, modelVersion: 'fake-1' })}\r\n\r\n`,
  ...(is && { is }),
});

interface Content {
  readonly role: string;
  readonly parts: readonly { text?: string; functionResponse?: { response: unknown } }[];
}

/** Gemini, streamed: POST /v1beta/models/<model>:streamGenerateContent?alt=sse. Calls come whole, in one part. */
const FORMAT: WireFormat = {
  path: ':streamGenerateContent?alt=sse',
  frames({ text = '', calls = [], isTooLong, isFiltered, withoutUsage }) {
    const finishReason = isTooLong ? 'MAX_TOKENS' : isFiltered ? 'SAFETY' : 'STOP';
    const frame = (...frameParts: [unknown[], object?, Frame['is']?]) =>
      frameOf(withoutUsage ? {} : USAGE, ...frameParts);
    return [
      ...pieces(text).map((part) => frame([{ text: part }], {}, 'text')),
      ...calls.map(({ name, args }) => frame([{ functionCall: { name, args } }], {}, 'tool call')),
      frame([{ text: '' }], { finishReason }, 'end'),
    ];
  },
  error: ({ status, message = 'secret sk-123 refused' }) => ({
    error: { code: status, message, status: 'INVALID' },
  }),
  read: ({ contents, systemInstruction, tools = [] }) => {
    const all = contents as Content[];
    const last = all.findLastIndex(({ role, parts }) => role === 'user' && parts.some((part) => part.text));
    const declared = tools as { functionDeclarations: { name: string }[] }[];
    return {
      system: JSON.stringify(systemInstruction ?? ''),
      tools: declared.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => name)),
      question: all[last]?.parts.map(({ text = '' }) => text).join('') ?? '',
      results: all
        .slice(last + 1)
        .flatMap(({ parts }) => parts.flatMap(({ functionResponse }) => functionResponse ?? []))
        .map(({ response }) => JSON.stringify(response)),
    };
  },
};

export const startGoogleServer = (): Promise<LlmServer> => startLlmServer(FORMAT);
