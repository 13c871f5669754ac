import { expect, it } from '@jest/globals';
import { BoundTools } from '../../../src/runs/approvals/bound-tools.service.js';
import { type ToolRegistry } from '../../../src/tools/tool-registry.service.js';
import { ToolErrors } from '../../../src/tools/tools.errors.js';

const toolsOf = (find: () => Promise<unknown>) => new BoundTools({ find } as unknown as ToolRegistry);
const BOUND = { tool: 'wipe', definitionHash: 'h' };

it('[S67] a database that does not answer makes no call one that nobody has to be asked about', async () => {
  const busy = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  await expect(toolsOf(() => Promise.reject(busy)).fits(BOUND, {})).rejects.toBe(busy);
});

it('arguments of a tool that is gone, or that do not fit it, are said not to fit', async () => {
  const inputSchema = { type: 'object', required: ['text'] };
  const found = toolsOf(async () => ({ definition: { inputSchema } }));
  expect(await found.fits(BOUND, { text: 'x' })).toBe(true);
  expect(await found.fits(BOUND, {})).toBe(false);
  expect(await toolsOf(async () => undefined).fits(BOUND, {})).toBe(false);
  const gone = toolsOf(() => Promise.reject(ToolErrors.tool_not_found()));
  expect(await gone.fits(BOUND, {})).toBe(false);
});
