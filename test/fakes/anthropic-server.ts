import {
  type Frame,
  halves,
  type LlmServer,
  pieces,
  startLlmServer,
  textOf,
  type WireFormat,
} from './llm-server.js';

const event = (type: string, fields: object, is?: Frame['is']): Frame => ({
  data: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`,
  ...(is && { is }),
});

/** Anthropic messages, streamed: POST /v1/messages. */
const FORMAT: WireFormat = {
  path: '/v1/messages',
  frames({ text = '', calls = [], isTooLong, isFiltered, withoutUsage, sameIds }) {
    const cut = isTooLong ? 'max_tokens' : isFiltered ? 'refusal' : undefined;
    const ending = cut ?? (calls.length > 0 ? 'tool_use' : 'end_turn');
    const offset = text === '' ? 0 : 1;
    const message = {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'fake-1', content: [] },
      ...{ stop_reason: null, stop_sequence: null },
      ...(!withoutUsage && { usage: { input_tokens: 11, output_tokens: 1 } }),
    };
    return [
      event('message_start', { message }),
      ...(text === ''
        ? []
        : [
            event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
            event('ping', {}),
            ...pieces(text).map((part) =>
              event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: part } }, 'text'),
            ),
            event('content_block_stop', { index: 0 }),
          ]),
      ...calls.flatMap(({ name, args }, at) => {
        const index = at + offset;
        const part = (partial_json: string, is?: Frame['is']) =>
          event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json } }, is);
        const [one, two] = halves(args, isTooLong);
        const block = { type: 'tool_use', id: `toolu_${sameIds ? 0 : at}`, name, input: {} };
        return [
          event('content_block_start', { index, content_block: block }),
          ...[part(''), part(one), part(two, 'tool call')],
          event('content_block_stop', { index }),
        ];
      }),
      event(
        'message_delta',
        {
          delta: { stop_reason: ending, stop_sequence: null },
          ...(!withoutUsage && { usage: { output_tokens: 7 } }),
        },
        'end',
      ),
      event('message_stop', {}),
    ];
  },
  error: ({ code = 'error', message = 'secret sk-123 refused' }) => ({
    type: 'error',
    error: { type: code, message },
  }),
  read: ({ messages, system, tools = [] }) => {
    const all = messages as { role: string; content: unknown }[];
    const resultsIn = (content: unknown) =>
      Array.isArray(content) ? content.filter((block: { type: string }) => block.type === 'tool_result') : [];
    const last = all.findLastIndex(({ role, content }) => role === 'user' && resultsIn(content).length === 0);
    return {
      system: textOf(system),
      tools: (tools as { name: string }[]).map((tool) => tool.name),
      question: textOf(all[last]?.content),
      results: all
        .slice(last + 1)
        .flatMap(({ content }) => resultsIn(content))
        .map(({ content }: { content: unknown }) => textOf(content)),
    };
  },
};

export const startAnthropicServer = (): Promise<LlmServer> => startLlmServer(FORMAT);
