import { type Frame, halves, pieces, textOf, type WireFormat } from './llm-server.js';

/** A signed thought, which has to come back with the calls that follow it. */
export const THOUGHT = {
  ...{ id: 'rs_1', type: 'reasoning', summary: [] },
  encrypted_content: 'gAAAAABoI7PU0-thought',
};

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: unknown;
  readonly output?: string;
}

const event = (type: string, fields: object, is?: Frame['is']): Frame => ({
  data: `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 0, ...fields })}\n\n`,
  ...(is && { is }),
});
const responseOf = (status: string, more: object = {}) => ({
  ...{ id: 'resp_1', object: 'response', created_at: 1, model: 'fake-1', status, error: null },
  ...{ incomplete_details: null, output: [], usage: null, ...more },
});
const USAGE = {
  ...{ input_tokens: 11, input_tokens_details: { cached_tokens: 4 } },
  ...{ output_tokens: 7, output_tokens_details: { reasoning_tokens: 3 }, total_tokens: 18 },
};

/** The events of an item: what is there at its beginning, what comes in between, and what it is at its end. */
function framesOf(
  output_index: number,
  item: object,
  start: object,
  between: Frame[],
  isCut = false,
): Frame[] {
  const end = isCut ? { ...item, status: 'incomplete' } : item;
  return [
    event('response.output_item.added', { output_index, item: { ...item, ...start, status: 'in_progress' } }),
    ...between,
    event('response.output_item.done', { output_index, item: end }),
  ];
}

/** OpenAI's Responses API, streamed: POST /responses. Calls come after a thought. */
export const RESPONSES: WireFormat = {
  path: '/responses',
  frames({ text = '', calls = [], isTooLong, isFiltered, withoutUsage, sameIds }) {
    const frames: Frame[] = [
      event('response.created', { response: responseOf('in_progress') }),
      event('response.in_progress', { response: responseOf('in_progress') }),
    ];
    const output: object[] = [];
    if (calls.length > 0) {
      const { encrypted_content: _, ...start } = THOUGHT;
      frames.push(...framesOf(output.length, THOUGHT, { ...start, encrypted_content: undefined }, []));
      output.push(THOUGHT);
    }
    if (text !== '') {
      const at = { item_id: 'msg_1', output_index: output.length, content_index: 0 };
      const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
      const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content };
      const between = [
        event('response.content_part.added', { ...at, part: { type: 'output_text', text: '' } }),
        ...pieces(text).map((delta) => event('response.output_text.delta', { ...at, delta }, 'text')),
        event('response.output_text.done', { ...at, text }),
        event('response.content_part.done', { ...at, part: content[0] }),
      ];
      frames.push(...framesOf(output.length, item, { content: [] }, between));
      output.push(item);
    }
    for (const [index, { name, args }] of calls.entries()) {
      const at = { item_id: `fc_${index}`, output_index: output.length };
      const [one, two] = halves(args, isTooLong);
      const call_id = `call_${sameIds ? 0 : index}`;
      const item = { type: 'function_call', id: at.item_id, call_id, name, arguments: one + two };
      const between = [
        event('response.function_call_arguments.delta', { ...at, delta: one }),
        ...(two === ''
          ? []
          : [event('response.function_call_arguments.delta', { ...at, delta: two }, 'tool call')]),
        event('response.function_call_arguments.done', { ...at, arguments: one + two }),
      ];
      const done = { ...item, status: 'completed' };
      frames.push(...framesOf(at.output_index, done, { arguments: '' }, between, isTooLong));
      output.push(done);
    }
    const usage = withoutUsage ? null : USAGE;
    const reason = isTooLong ? 'max_output_tokens' : isFiltered ? 'content_filter' : undefined;
    const end =
      reason === undefined
        ? event('response.completed', { response: responseOf('completed', { output, usage }) }, 'end')
        : event(
            'response.incomplete',
            { response: responseOf('incomplete', { output, usage, incomplete_details: { reason } }) },
            'end',
          );
    return [...frames, end];
  },
  error: ({ code = 'error', message = 'secret sk-123 refused' }) => ({
    error: { message, type: code, param: null, code },
  }),
  read: ({ input, tools = [] }) => {
    const all = input as Item[];
    const last = all.findLastIndex(({ role }) => role === 'user');
    return {
      system: all
        .filter(({ role }) => role === 'system' || role === 'developer')
        .map(({ content }) => textOf(content))
        .join('\n'),
      tools: (tools as { name: string }[]).map((tool) => tool.name),
      question: textOf(all[last]?.content),
      results: all
        .slice(last + 1)
        .filter(({ type }) => type === 'function_call_output')
        .map(({ output = '' }) => output),
    };
  },
};
