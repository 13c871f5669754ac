import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { ENV, type Env } from '../../config/env.js';
import { type Transaction, Transactions } from '../../platform/database/transactions.js';
import { UserErrors } from '../../users/users.errors.js';
import { type Budget, UsageErrors } from './budget.js';
import { type BudgetRow, UsageRepository } from './usage.repository.js';

/** What users may spend on models in a day (UTC). [S70] */
@Injectable()
export class Budgets {
  constructor(
    @Inject(ENV) private readonly env: Pick<Env, 'BUDGET_TOKENS_PER_DAY' | 'BUDGET_USD_PER_DAY'>,
    private readonly usage: UsageRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /** Throws `budget_exceeded` (429, Retry-After until midnight UTC) when nothing is left. */
  async check(actor: Actor, transaction?: Transaction): Promise<void> {
    const { tokens = Infinity, usd = Infinity } = await this.left(actor.userId, transaction);
    if (tokens > 0 && usd > 0) return;
    throw UsageErrors.budget_exceeded(undefined, { retryAfter: secondsToMidnight(new Date()) });
  }

  /** What is left of the day's budget of a user. */
  async left(userId: string, transaction?: Transaction): Promise<Budget> {
    const row = await this.usage.budget(userId, transaction);
    const { tokens, usd } = this.limitsOf(row);
    return {
      ...(tokens !== undefined && { tokens: tokens - row.tokensToday }),
      ...(usd !== undefined && { usd: usd - row.usdToday }),
    };
  }

  /** The limits of a user and what was spent today. */
  async of(userId: string): Promise<{ limits: Budget; tokensToday: number; usdToday: number }> {
    const row = await this.usage.budget(userId);
    return { limits: this.limitsOf(row), tokensToday: row.tokensToday, usdToday: row.usdToday };
  }

  /** Gives a user a budget of his own; null is the server's. Throws `user_not_found`. */
  async set(
    admin: Actor,
    userId: string,
    budget: { tokensPerDay: number | null; usdPerDay: number | null },
  ): Promise<void> {
    requireScopes(admin, 'admin');
    await this.transactions.run(async (tx) => {
      if (!(await this.usage.setBudget(userId, budget.tokensPerDay, budget.usdPerDay, tx)))
        throw UserErrors.user_not_found();
      await this.audit.record(admin, 'budget.changed', { type: 'user', id: userId }, budget, tx);
    });
  }

  private limitsOf(row: BudgetRow): Budget {
    const tokens = row.tokensPerDay ?? this.env.BUDGET_TOKENS_PER_DAY;
    const usd = row.usdPerDay ?? this.env.BUDGET_USD_PER_DAY;
    return { ...(tokens !== undefined && { tokens }), ...(usd !== undefined && { usd }) };
  }
}

function secondsToMidnight(now: Date): number {
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  return Math.max(1, Math.ceil((midnight - now.getTime()) / 1000));
}
