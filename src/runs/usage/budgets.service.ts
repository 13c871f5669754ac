import { Inject, Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { ENV, type Env } from '../../config/env.js';
import { Transactions } from '../../platform/database/transactions.js';
import { UserErrors } from '../../users/users.errors.js';
import { type Budget } from './budget.js';
import { type BudgetRow, UsageRepository } from './usage.repository.js';

/** What users may spend on models in a day (UTC). What is left of it BUDGET_LEFT says where runs are made and taken. [S70] */
@Injectable()
export class Budgets {
  constructor(
    @Inject(ENV) private readonly env: Pick<Env, 'BUDGET_TOKENS_PER_DAY' | 'BUDGET_USD_PER_DAY'>,
    private readonly usage: UsageRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

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
