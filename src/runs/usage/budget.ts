import { type AppError, defineErrors } from '../../common/app-error.js';

/** What may be spent in a day (UTC), or is left of it. Absent: no bound. */
export interface Budget {
  readonly tokens?: number;
  readonly usd?: number;
}

export const UsageErrors = defineErrors({
  budget_exceeded: {
    kind: 'too_many',
    message:
      'Your budget of the day for models is spent; it starts anew at midnight UTC. GET /api/v1/usage shows it.',
  },
  usage_of_others: { kind: 'forbidden', message: 'Only admins may read the usage of other users.' },
});

/** Nothing is left of the day: Retry-After is midnight UTC. */
export function budgetExceeded(now = new Date()): AppError {
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  const retryAfter = Math.max(1, Math.ceil((midnight - now.getTime()) / 1000));
  return UsageErrors.budget_exceeded(undefined, { retryAfter });
}
