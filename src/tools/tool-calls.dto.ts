import { z } from 'zod';
import { PageQuery, pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';
import { Policy, ToolName } from './tools.dto.js';

const Arguments = z.record(z.string(), z.unknown()).default({}).describe('See inputSchema.');

/** What a dry run found out. */
const Plan = named(
  'ToolCallPlan',
  z.object({
    version: z.int(),
    definitionHash: z.string(),
    arguments: z.unknown().describe('As the tool would get them: valid, with defaults.'),
    policy: z.object(Policy.shape),
    approvalNeeded: z.boolean().describe('An agent would have to wait for a person.'),
    cached: z.boolean().describe('The answer would come from the cache.'),
    retries: z.int().describe('Tries after the first that a transport failure would get.'),
    circuit: z
      .enum(['closed', 'open', 'half_open'])
      .describe('An open one would refuse the call: the tool did not answer its last calls.'),
  }),
);

export const ToolCallRequest = named(
  'ToolCallRequest',
  z.strictObject({
    arguments: Arguments,
    dryRun: z
      .boolean()
      .default(false)
      .describe('Decide and validate, and say what would happen; the tool is not run.'),
  }),
);
export type ToolCallRequest = z.infer<typeof ToolCallRequest>;

export const SimulationRequest = named('ToolSimulationRequest', z.strictObject({ arguments: Arguments }));
export type SimulationRequest = z.infer<typeof SimulationRequest>;

/** How a call ended. A tool that failed is `isError: true` with status 200; the call itself was fine. */
export const ToolCallResult = named(
  'ToolCallResult',
  z.object({
    content: z.array(z.looseObject({ type: z.string() })).describe('MCP content blocks.'),
    structuredContent: z.unknown().optional(),
    isError: z.boolean(),
    errorCode: z.string().optional(),
    durationMs: z.int(),
    callId: z.uuid(),
    cached: z.literal(true).optional().describe('The result of an earlier equal call.'),
    simulated: z.literal(true).optional().describe('Made from the outputSchema; nothing was run.'),
    plan: Plan.optional().describe('Of a dry run.'),
  }),
);

export const ToolCallQuery = PageQuery.extend({
  tool: ToolName.optional(),
  status: z.enum(['completed', 'failed', 'refused']).optional(),
});
export type ToolCallQuery = z.infer<typeof ToolCallQuery>;

export const ToolCallRecord = named(
  'ToolCallRecord',
  z.object({
    id: z.uuid(),
    userId: z.uuid(),
    tool: z.string(),
    version: z.int(),
    agent: z.string().nullable(),
    runId: z.uuid().nullable(),
    step: z.string().nullable(),
    arguments: z.unknown().describe('Null when they were too large to keep.'),
    argumentsHash: z.string(),
    status: z.enum(['completed', 'failed', 'refused']).describe('refused: the arguments were not valid.'),
    mode: z
      .enum(['live', 'cached', 'dry_run', 'simulated'])
      .describe('How it was answered: by the tool, from the cache, or without running the tool.'),
    errorCode: z.string().nullable(),
    durationMs: z.int(),
    createdAt: Timestamp,
  }),
);
export const ToolCallPage = named('ToolCallPage', pageOf(ToolCallRecord));
