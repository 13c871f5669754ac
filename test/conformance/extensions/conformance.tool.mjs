// The tools that the official conformance suite calls. Their names, texts and behaviour are the suite's contract.
import { setTimeout as wait } from 'node:timers/promises';
import { PNG, WAV, elicit, roots, sample } from './shared.mjs';

const text = (value) => ({ content: [{ type: 'text', text: value }] });
const tool = (name, description, run, input = { type: 'object', properties: {} }) => ({
  name,
  title: name,
  description,
  input,
  annotations: { readOnlyHint: true },
  run,
});

const contents = [
  tool('test_simple_text', 'Answers with text', () => text('This is a simple text response for testing.')),
  tool('test_image_content', 'Answers with an image', () => ({
    content: [{ type: 'image', data: PNG, mimeType: 'image/png' }],
  })),
  tool('test_audio_content', 'Answers with audio', () => ({
    content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  })),
  tool('test_embedded_resource', 'Answers with a resource', () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  })),
  tool('test_multiple_content_types', 'Answers with text, image and resource', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  })),
  tool('test_error_handling', 'Fails', () => {
    throw new Error('This tool intentionally returns an error for testing');
  }),
];

const notifications = [
  tool('test_tool_with_logging', 'Logs three times', async (_args, { client }) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await client.log('info', line);
      await wait(50);
    }
    return text('done');
  }),
  tool('test_tool_with_progress', 'Reports progress three times', async (_args, { progress }) => {
    for (const done of [0, 50, 100]) {
      progress({ progress: done, total: 100 });
      await wait(50);
    }
    return text('done');
  }),
  tool('test_logging_tool', 'Logs once', async (_args, { client }) => {
    await client.log('info', 'ran');
    return text('done');
  }),
  tool('test_trigger_tool_change', 'Says that the tools changed', (_args, { client }) => {
    client.listChanged('tools');
    return text('done');
  }),
  tool('test_trigger_prompt_change', 'Says that the prompts changed', (_args, { client }) => {
    client.listChanged('prompts');
    return text('done');
  }),
];

const schemas = [
  tool(
    'json_schema_2020_12_tool',
    'Has a schema with 2020-12 keywords',
    (args) => text(JSON.stringify(args)),
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
  ),
  tool('test_x_mcp_header', 'Takes an argument from a header', ({ region }) => text(`region=${region}`), {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, level: { type: 'integer' } },
  }),
];

const questions = [
  tool(
    'test_sampling',
    'Asks the model of the client',
    async ({ prompt }, { client }) => {
      const { answer } = await client.ask({ answer: sample(prompt) });
      return text(`LLM response: ${answer.content.text}`);
    },
    { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
  ),
  tool(
    'test_elicitation',
    'Asks the user',
    async ({ message }, { client }) => {
      const { answer } = await client.ask({
        answer: elicit(message, {
          username: { type: 'string', description: "User's response" },
          email: { type: 'string', description: "User's email address" },
        }),
      });
      return text(`User response: ${JSON.stringify(answer)}`);
    },
    { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
  ),
  tool('test_elicitation_sep1034_defaults', 'Asks with defaults', async (_args, { client }) => {
    const { answer } = await client.ask({
      answer: elicit(
        'Please review',
        {
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        },
        [],
      ),
    });
    return text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content)}`);
  }),
  tool('test_elicitation_sep1330_enums', 'Asks with every form of enum', async (_args, { client }) => {
    const titled = [
      { const: 'value1', title: 'First Option' },
      { const: 'value2', title: 'Second Option' },
    ];
    const { answer } = await client.ask({
      answer: elicit(
        'Please choose',
        {
          untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
          titledSingle: { type: 'string', oneOf: titled },
          legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
          untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2'] } },
          titledMulti: { type: 'array', items: { anyOf: titled } },
        },
        [],
      ),
    });
    return text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content)}`);
  }),
  tool('test_missing_capability', 'Needs sampling', async (_args, { client }) => {
    await client.ask({ llm: sample('Reply pong', 16) });
    return text('pong');
  }),
  tool('test_streaming_elicitation', 'Answers at once', () => text('done')),
];

const inputRequired = [
  tool('test_input_required_result_elicitation', 'Asks for a name', async (_args, { client }) => {
    const { user_name: answer } = await client.ask({
      user_name: elicit('What is your name?', { name: { type: 'string' } }),
    });
    return text(`Hello, ${answer.content?.name}!`);
  }),
  tool('test_input_required_result_sampling', 'Asks the model', async (_args, { client }) => {
    const { capital_question: answer } = await client.ask({
      capital_question: sample('What is the capital of France?'),
    });
    return text(`Sampling response: ${answer.content.text}`);
  }),
  tool('test_input_required_result_list_roots', 'Asks for the roots', async (_args, { client }) => {
    const { client_roots: answer } = await client.ask({ client_roots: roots });
    return text(`${answer.roots.length} root(s)`);
  }),
  tool('test_input_required_result_request_state', 'Asks for a confirmation', async (_args, { client }) => {
    await client.ask({ confirm: elicit('Please confirm', { ok: { type: 'boolean' } }) });
    return text('state-ok');
  }),
  tool('test_input_required_result_tampered_state', 'Asks for a confirmation', async (_args, { client }) => {
    await client.ask({ confirm: elicit('Please confirm', { ok: { type: 'boolean' } }) });
    return text('integrity-ok');
  }),
  tool('test_input_required_result_multiple_inputs', 'Asks three questions', async (_args, { client }) => {
    await client.ask({
      user_name: elicit('What is your name?', { name: { type: 'string' } }),
      greeting: sample('Generate a greeting', 50),
      client_roots: roots,
    });
    return text('done');
  }),
  tool('test_input_required_result_multi_round', 'Asks twice', async (_args, { client }) => {
    const { step1 } = await client.ask({
      step1: elicit('Step 1: What is your name?', { name: { type: 'string' } }),
    });
    const { step2 } = await client.ask({
      step2: elicit('Step 2: What is your favorite color?', { color: { type: 'string' } }),
    });
    return text(`${step1.content?.name} likes ${step2.content?.color}`);
  }),
  tool(
    'test_input_required_result_capabilities',
    'Asks what the client can answer',
    async (_args, { client }) => {
      const all = {
        elicitation: { user_name: elicit('What is your name?', { name: { type: 'string' } }) },
        sampling: { greeting: sample('Generate a greeting', 50) },
        roots: { client_roots: roots },
      };
      const possible = Object.keys(all).filter((capability) => client.capabilities[capability] !== undefined);
      await client.ask(Object.assign({}, ...possible.map((capability) => all[capability])));
      return text('done');
    },
  ),
];

export default [...contents, ...notifications, ...schemas, ...questions, ...inputRequired];
