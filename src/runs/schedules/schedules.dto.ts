import { z } from 'zod';
import { pageOf } from '../../common/page.js';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';

const FIELDS = {
  name: z.string().trim().min(1).max(100),
  agent: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the name of an agent'),
  input: z
    .string()
    .min(1)
    .max(100_000)
    .refine((text) => text.trim() !== '', 'must not be blank')
    .describe('What the agent is asked each time.'),
  cron: z.string().trim().min(9).max(200).describe('Five fields: minute hour day month weekday.'),
  timeZone: z.string().min(1).max(64).describe('IANA name in which `cron` is read.'),
  overlap: z
    .enum(['skip', 'enqueue'])
    .describe('When the run before has not ended: leave this one out, or let it wait its turn.'),
  enabled: z.boolean(),
};

/** Body of POST /schedules. */
export const NewSchedule = named(
  'NewSchedule',
  z.strictObject({
    ...FIELDS,
    agent: FIELDS.agent.default('assistant'),
    timeZone: FIELDS.timeZone.default('UTC'),
    overlap: FIELDS.overlap.default('skip'),
    enabled: FIELDS.enabled.default(true),
  }),
);
export type NewSchedule = z.infer<typeof NewSchedule>;

/** Body of PATCH /schedules/:id. */
export const ScheduleUpdate = named('ScheduleUpdate', z.strictObject(FIELDS).partial());
export type ScheduleUpdate = z.infer<typeof ScheduleUpdate>;

export const ScheduleView = named(
  'Schedule',
  z.object({
    ...FIELDS,
    id: z.uuid(),
    problem: z
      .string()
      .optional()
      .describe('Error code: why the server paused it, or why the last tick made no run.'),
    nextRunAt: Timestamp.optional().describe('Absent while it is not enabled.'),
    lastRunId: z.uuid().optional(),
    lastRunAt: Timestamp.optional(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export type ScheduleView = z.infer<typeof ScheduleView>;

export const SchedulePage = named('SchedulePage', pageOf(ScheduleView));
