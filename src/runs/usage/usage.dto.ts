import { z } from 'zod';
import { named } from '../../platform/http/openapi.js';
import { USAGE_GROUPS } from './usage.repository.js';

const Day = z.iso.date('must be a date such as 2026-01-31');
const MAX_DAYS = 366;

/** Query of GET /usage. */
export const UsageQuery = z
  .strictObject({
    from: Day.optional().describe('First day (UTC). Default: 30 days before `to`.'),
    to: Day.optional().describe('Last day (UTC). Default: today.'),
    groupBy: z.enum(USAGE_GROUPS).default('day').describe('`user` is for admins.'),
    user: z
      .union([z.uuid(), z.literal('all')])
      .optional()
      .describe('For admins: whose usage, or `all`. Default: your own.'),
  })
  .refine(
    ({ from, to }) =>
      from === undefined ||
      (Date.parse(to ?? new Date().toISOString()) - Date.parse(from) <= MAX_DAYS * 86_400_000 &&
        (to === undefined || from <= to)),
    { path: ['from'], error: `must be at most ${MAX_DAYS} days before \`to\`` },
  );
export type UsageQuery = z.infer<typeof UsageQuery>;

const Sum = {
  modelCalls: z
    .int()
    .describe('Requests to models, also those that were cut off, timed out or stopped after they had begun.'),
  inputTokens: z.int(),
  outputTokens: z.int(),
  cachedTokens: z.int().describe('Part of inputTokens that the provider had in its cache.'),
  costUsd: z.number(),
  unpricedCalls: z.int().describe('Calls of models without a price; costUsd is without them.'),
  estimatedCalls: z.int().describe('Calls whose tokens the model did not count itself.'),
  cacheHits: z.int().describe('Answers from the response cache: no call, no tokens, no cost.'),
};

export const UsageReport = named(
  'UsageReport',
  z.object({
    from: z.string(),
    to: z.string(),
    groupBy: z.enum(USAGE_GROUPS),
    items: z.array(z.object({ key: z.string().describe('The day, agent, model or user.'), ...Sum })),
    total: z.object(Sum),
    budget: z
      .object({
        tokensPerDay: z.number().nullable(),
        usdPerDay: z.number().nullable(),
        tokensToday: z.number(),
        usdToday: z.number(),
      })
      .optional()
      .describe('What may be spent in a day (UTC), null is without bound, and what today has seen.'),
  }),
);
export type UsageReport = z.infer<typeof UsageReport>;

/** Body of PUT /users/:id/budget. */
export const UserBudget = named(
  'UserBudget',
  z.strictObject({
    tokensPerDay: z.int().min(0).max(1e12).nullable().describe('Null: BUDGET_TOKENS_PER_DAY.'),
    usdPerDay: z.number().min(0).max(1e9).nullable().describe('Null: BUDGET_USD_PER_DAY.'),
  }),
);
export type UserBudget = z.infer<typeof UserBudget>;
