import { McpUpstream } from '../fakes/mcp-upstream.js';
import { startTestApp } from '../support/test-app.js';
import { describeToolSourceContract } from './tool-source.js';

const inputSchema = {
  type: 'object',
  properties: {
    ms: { type: 'integer' },
    text: { type: 'string' },
    fail: { type: 'boolean' },
    pad: { type: 'integer' },
  },
  additionalProperties: false,
};

describeToolSourceContract(
  'mcp',
  async () => {
    const upstream = await McpUpstream.start([
      { name: 'echo', description: 'Gives its arguments back', inputSchema },
    ]);
    const server = await startTestApp({ EGRESS_ALLOW: upstream.host });
    const token = await server.login();
    const body = { name: 'up', url: upstream.url };
    const made = await server.call('POST', '/api/v1/mcp-servers', { token, body });
    await server.call('POST', `/api/v1/mcp-servers/${made.body.id}/refresh`, { token });
    return {
      server,
      tool: 'up__echo',
      arguments: { text: 'Ada' },
      answer: 'Ada',
      wrongArguments: { whom: 'Ada' },
      hanging: { tool: 'up__echo', arguments: { ms: 60_000 }, isRunning: () => upstream.open > 0 },
      large: { tool: 'up__echo', arguments: { text: 'x'.repeat(10_000) } },
      stop: () => upstream.stop(),
    };
  },
  { failing: 'what an upstream says of its failure is told' },
);
