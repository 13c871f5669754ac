import { Injectable } from '@nestjs/common';
import { type Actor } from '../../common/actor.js';
import { UsageErrors } from './budget.js';
import { Budgets } from './budgets.service.js';
import { type UsageQuery, type UsageReport } from './usage.dto.js';
import { UsageRepository } from './usage.repository.js';

/** Groups of one answer: the days of a year, or the busiest agents, models or users. */
const MAX_GROUPS = 400;
const DAYS = 30;

/** What models were used for, and what it cost. */
@Injectable()
export class UsageService {
  constructor(
    private readonly usage: UsageRepository,
    private readonly budgets: Budgets,
  ) {}

  /** The actor's own usage; admins may ask for another user, or `all`. Throws `usage_of_others`. */
  async report(actor: Actor, query: UsageQuery): Promise<UsageReport> {
    const whose = query.user ?? actor.userId;
    const isAdmin = actor.role === 'admin' && actor.scopes.has('admin');
    if ((whose !== actor.userId || query.groupBy === 'user') && !isAdmin) throw UsageErrors.usage_of_others();
    const today = new Date().toISOString().slice(0, 10);
    const to = query.to ?? today;
    const from = query.from ?? before(to, DAYS - 1);
    const filter = { from, to, ...(whose !== 'all' && { userId: whose }) };
    const [items, total, budget] = await Promise.all([
      this.usage.sums({ ...filter, groupBy: query.groupBy }, MAX_GROUPS),
      this.usage.total(filter),
      whose === 'all' ? undefined : this.budgets.of(whose),
    ]);
    return {
      from,
      to,
      groupBy: query.groupBy,
      items,
      total,
      ...(budget !== undefined && {
        budget: {
          tokensPerDay: budget.limits.tokens ?? null,
          usdPerDay: budget.limits.usd ?? null,
          tokensToday: budget.tokensToday,
          usdToday: budget.usdToday,
        },
      }),
    };
  }
}

function before(day: string, days: number): string {
  return new Date(Date.parse(day) - days * 86_400_000).toISOString().slice(0, 10);
}
