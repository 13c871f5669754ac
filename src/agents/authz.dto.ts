import { z } from 'zod';
import { named } from '../platform/http/openapi.js';
import { ToolName } from '../tools/tools.dto.js';

export const ExplainQuery = z.strictObject({
  tool: ToolName,
  agent: z.string().min(1).max(64).optional().describe('When this agent asks in the name of the user.'),
  userId: z.uuid().optional().describe('Another user, for admins. Default: the caller, with his credential.'),
});
export type ExplainQuery = z.infer<typeof ExplainQuery>;

/** A decision with its reasons: the same that list, search, call, MCP and agents get. */
export const Explanation = named(
  'AuthorizationExplanation',
  z.object({
    tool: z.string(),
    userId: z.uuid(),
    agent: z.string().nullable(),
    allowed: z.boolean(),
    visible: z.boolean().describe('Its existence may be told.'),
    decision: z.string().describe('"allow", or the error code that a call would get.'),
    steps: z
      .array(
        z.object({
          rule: z.string(),
          passed: z.boolean(),
          reason: z.string(),
          fix: z.string().optional().describe('What would make it pass.'),
        }),
      )
      .describe('In the order in which they decide; the first that did not pass is the answer.'),
  }),
);
export type Explanation = z.infer<typeof Explanation>;
