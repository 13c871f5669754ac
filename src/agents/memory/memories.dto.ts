import { z } from 'zod';
import { PageQuery, pageOf } from '../../common/page.js';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';

export const Memory = named(
  'Memory',
  z.object({
    id: z.uuid(),
    agent: z
      .string()
      .describe('The agent that keeps it; empty: saved by a client of yours, outside of any agent.'),
    text: z.string(),
    runId: z.uuid().nullable().describe('The run in which it was saved.'),
    step: z.string().nullable(),
    untrusted: z.boolean().describe('A model wrote it, maybe from what it read in a file or on a page.'),
    createdAt: Timestamp,
  }),
);
export const MemoryPage = named('MemoryPage', pageOf(Memory));

const Agent = z.string().max(64).describe('Only the notes of this agent.');

/** Query of GET /memories. */
export const MemoryQuery = PageQuery.extend({
  agent: Agent.optional(),
  q: z.string().trim().min(1).max(500).optional().describe('Words that the notes hold.'),
});
export type MemoryQuery = z.infer<typeof MemoryQuery>;

/** Query of DELETE /memories. */
export const ForgetQuery = z.strictObject({ agent: Agent.optional() });
