import {
  type Frame,
  halves,
  type LlmServer,
  pieces,
  startLlmServer,
  textOf,
  type WireFormat,
} from './llm-server.js';
import { RESPONSES } from './openai-responses.js';

const frame = (choices: unknown[], is?: Frame['is'], more: object = {}): Frame => ({
  data: `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'fake-1', choices, ...more })}\n\n`,
  ...(is && { is }),
});
const delta = (content: object, is?: Frame['is'], finish: string | null = null) =>
  frame([{ index: 0, delta: content, finish_reason: finish }], is);

/** OpenAI chat completions, streamed: POST /chat/completions. */
const FORMAT: WireFormat = {
  path: '/chat/completions',
  frames({ text = '', calls = [], isTooLong, isFiltered, withoutUsage, sameIds }) {
    const cut = isTooLong ? 'length' : isFiltered ? 'content_filter' : undefined;
    return [
      delta({ role: 'assistant', content: '' }),
      ...pieces(text).map((content) => delta({ content }, 'text')),
      ...calls.flatMap(({ name, args }, index) => {
        const [one, two] = halves(args, isTooLong);
        return [
          delta({
            tool_calls: [
              {
                index,
                id: `call_${sameIds ? 0 : index}`,
                type: 'function',
                function: { name, arguments: '' },
              },
            ],
          }),
          delta({ tool_calls: [{ index, function: { arguments: one } }] }),
          delta({ tool_calls: [{ index, function: { arguments: two } }] }, 'tool call'),
        ];
      }),
      delta({}, 'end', cut ?? (calls.length > 0 ? 'tool_calls' : 'stop')),
      ...(withoutUsage
        ? []
        : [frame([], undefined, { usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } })]),
      { data: 'data: [DONE]\n\n' },
    ];
  },
  error: ({ code = 'error', message = 'secret sk-123 refused' }) => ({
    error: { message, type: code, param: null, code },
  }),
  read: ({ messages, tools = [] }) => {
    const all = messages as { role: string; content: unknown }[];
    const last = all.findLastIndex(({ role }) => role === 'user');
    return {
      system: all
        .filter(({ role }) => role === 'system')
        .map(({ content }) => textOf(content))
        .join('\n'),
      tools: (tools as { function: { name: string } }[]).map((tool) => tool.function.name),
      question: textOf(all[last]?.content),
      results: all
        .slice(last + 1)
        .filter(({ role }) => role === 'tool')
        .map(({ content }) => textOf(content)),
    };
  },
};

/** Speaks chat completions and the Responses API, as OpenAI does. */
export const startOpenAiServer = (): Promise<LlmServer> => startLlmServer(FORMAT, RESPONSES);
