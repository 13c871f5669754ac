import { z } from 'zod';
import { PageQuery, pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';
import { RUN_STATUSES } from './run.js';

const AgentName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the name of an agent');
const MAX_TEXT = 100_000;
const Text = z
  .string()
  .min(1)
  .max(MAX_TEXT)
  .refine((text) => text.trim() !== '', 'must not be blank');

/** Body of POST …/runs. */
export const NewRun = named(
  'NewRun',
  z.strictObject({
    input: z
      .union(
        [
          Text,
          z
            .array(z.strictObject({ type: z.literal('text'), text: Text }))
            .min(1)
            .max(20),
        ],
        {
          error: ({ input }) =>
            input === undefined ? undefined : 'must be a text or a list of content blocks',
        },
      )
      .describe('What the agent is asked: a text, or content blocks.'),
    agent: AgentName.optional().describe(
      'Name of the agent. Default: that of the conversation, else `assistant`.',
    ),
    stream: z
      .boolean()
      .optional()
      .describe('Answer with the events of the run, like Accept: text/event-stream.'),
    concurrency: z
      .enum(['enqueue', 'reject', 'interrupt'])
      .default('enqueue')
      .describe('When a run of the conversation is in progress: wait, answer 409, or cancel that one first.'),
    onDisconnect: z
      .enum(['continue', 'cancel'])
      .default('continue')
      .describe('What happens to a streamed run when its client goes away.'),
    limits: z
      .strictObject({
        maxSteps: z.int().min(1).max(1000),
        maxToolCalls: z.int().min(0).max(1000),
        maxTokens: z.int().min(1).max(100_000_000),
        maxCostUsd: z.number().min(0).max(10_000),
        timeoutMs: z.int().min(100).max(3_600_000),
      })
      .partial()
      .optional()
      .describe('Bounds of this run. They can only be stricter than those of the agent.'),
    variables: z
      .record(z.string().min(1).max(40), z.string().max(4000))
      .refine((value) => Object.keys(value).length <= 20, 'must have at most 20 entries')
      .optional()
      .describe('Values for the variables that the agent declares.'),
    output: z
      .strictObject({ schema: z.record(z.string(), z.unknown()) })
      .optional()
      .describe('JSON Schema 2020-12 of an object that the answer must be. Default: that of the agent.'),
    simulate: z
      .boolean()
      .optional()
      .describe('Try it out: no tool is run, every answer of one is made from its output schema.'),
    priority: z
      .int()
      .min(-10)
      .max(10)
      .optional()
      .describe('Order among waiting runs, higher first; above 0 only for admins. Default 0.'),
    metadata: z
      .record(z.string().min(1).max(64), z.union([z.string().max(512), z.number(), z.boolean()]))
      .refine((value) => Object.keys(value).length <= 16, 'must have at most 16 entries')
      .optional(),
  }),
);
export type NewRun = z.infer<typeof NewRun>;

/** Body of POST …/messages/:messageId/regenerate: what the run of the old answer had, unless it says otherwise. */
export const Regeneration = named('Regeneration', NewRun.omit({ input: true, output: true }).prefault({}));
export type Regeneration = z.infer<typeof Regeneration>;

/** The furthest start of a run. */
const MAX_DELAY_SECONDS = 366 * 86_400;

/** Body of POST /runs. */
export const NewLoneRun = named(
  'NewLoneRun',
  NewRun.extend({
    delaySeconds: z.int().min(0).max(MAX_DELAY_SECONDS).optional().describe('Start it after this time.'),
    startAt: Timestamp.optional().describe('Start it then; at the latest in a year.'),
  })
    .refine(({ delaySeconds, startAt }) => delaySeconds === undefined || startAt === undefined, {
      path: ['startAt'],
      error: 'must not come with delaySeconds',
    })
    .refine(
      ({ startAt }) => startAt === undefined || Date.parse(startAt) < Date.now() + MAX_DELAY_SECONDS * 1000,
      {
        path: ['startAt'],
        error: 'must be within a year',
      },
    ),
);
export type NewLoneRun = z.infer<typeof NewLoneRun>;

export const Run = named(
  'Run',
  z.object({
    id: z.uuid(),
    conversationId: z.uuid().optional(),
    agent: z.string(),
    status: z.enum(RUN_STATUSES),
    output: z
      .object({
        text: z.string(),
        messageId: z.uuid().optional(),
        structured: z.unknown().optional().describe('The answer as JSON that fits the schema asked for.'),
      })
      .optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    usage: z.object({
      inputTokens: z.int(),
      outputTokens: z.int(),
      modelCalls: z.int(),
      toolCalls: z.int(),
      costUsd: z.number(),
      unpricedCalls: z
        .int()
        .optional()
        .describe('Model calls whose price is not known; costUsd is without them.'),
      cacheHits: z
        .int()
        .optional()
        .describe('Model calls that the response cache answered: no tokens, no cost.'),
      estimated: z.boolean(),
    }),
    priority: z.int(),
    startAt: Timestamp.optional().describe('Not before.'),
    retryOf: z.uuid().optional().describe('The run that this one does again.'),
    simulate: z.literal(true).optional().describe('No tool was run.'),
    steps: z.int().describe('Model calls, tool calls and questions to sub-agents so far.'),
    traceId: z.string().optional().describe('Trace of the request that made the run (W3C Trace Context).'),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: Timestamp,
    startedAt: Timestamp.optional(),
    finishedAt: Timestamp.optional(),
  }),
);
export type Run = z.infer<typeof Run>;

export const RunPage = named('RunPage', pageOf(Run));

/** Query of GET /runs. */
export const RunQuery = PageQuery.extend({
  status: z.enum(RUN_STATUSES).optional(),
  code: z
    .string()
    .regex(/^[a-z_]{1,64}$/, 'must be an error code')
    .optional()
    .describe('Only failed runs with this error, e.g. run_crashed.'),
  conversationId: z.uuid().optional(),
  agent: AgentName.optional(),
});
export type RunQuery = z.infer<typeof RunQuery>;

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from 0 to ${max}`)
    .transform(Number)
    .pipe(z.int().min(0).max(max));

export const WaitQuery = z.strictObject({
  timeoutMs: wholeNumber(60_000).default(30_000).describe('How long to wait at most, up to 60000.'),
});

export const EventsQuery = z.strictObject({
  after: wholeNumber(999_999_999)
    .optional()
    .describe('Number of the last event that the client has; the header Last-Event-ID says the same.'),
});

/** Query of GET conversations/:id/events. */
export const ConversationEventsQuery = z.strictObject({
  after: z
    .string()
    .max(64)
    .optional()
    .describe('Id of the last event that the client has; the header Last-Event-ID says the same.'),
});
export type ConversationEventsQuery = z.infer<typeof ConversationEventsQuery>;

export const RunStep = named(
  'RunStep',
  z.object({
    path: z.string(),
    kind: z.enum(['model', 'tool', 'agent']),
    agent: z.string(),
    name: z.string().describe('Model id, tool name or agent name.'),
    status: z.enum(['started', 'completed', 'failed']),
    request: z.unknown(),
    result: z.unknown(),
    usage: z.unknown(),
    attempt: z.int(),
    startedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
  }),
);
export const RunStepPage = named('RunStepPage', pageOf(RunStep));
