import { Injectable } from '@nestjs/common';
import { type Actor, scopesOf } from '../common/actor.js';
import { UsersService } from '../users/users.service.js';
import { type ClaimedRun } from './run-leases.repository.js';
import { type RunStep } from './run-step.js';
import { RunErrors } from './runs.errors.js';
import { type Budget } from './usage/budget.js';
import { Budgets } from './usage/budgets.service.js';
import { requestsOf } from './usage/call-usage.js';

/** In whose name a run works, and what it may spend. */
@Injectable()
export class RunOwners {
  constructor(
    private readonly users: UsersService,
    private readonly budgets: Budgets,
  ) {}

  /** The maker of the run as he is now, with no more rights than the credential that made it. Throws `user_disabled`. */
  async actorOf(run: Pick<ClaimedRun, 'userId' | 'credential'>): Promise<Actor> {
    const user = await this.users.findById(run.userId);
    if (user === null || user.disabledAt !== null) throw RunErrors.user_disabled();
    const held = scopesOf(user.role);
    const scopes = new Set(run.credential.scopes.filter((scope) => held.has(scope)));
    return { ...ownerOf(run), role: scopes.has('admin') ? user.role : 'member', scopes };
  }

  /** What is left of the owner's day, and what the run has spent before, which its meter counts again. */
  async budgetOf(run: ClaimedRun, steps: readonly RunStep[]): Promise<Budget> {
    const { tokens, usd } = await this.budgets.left(run.userId);
    const spent = steps.flatMap(({ usage }) => requestsOf(usage));
    const sum = (read: (call: (typeof spent)[number]) => number) =>
      spent.reduce((all, one) => all + read(one), 0);
    return {
      ...(tokens !== undefined && {
        tokens: tokens + sum(({ inputTokens, outputTokens }) => inputTokens + outputTokens),
      }),
      ...(usd !== undefined && { usd: usd + sum(({ costUsd }) => costUsd ?? 0) }),
    };
  }
}

/** Enough of an actor to own what is written when the run cannot even begin. */
export function ownerOf(run: Pick<ClaimedRun, 'userId' | 'credential'>): Actor {
  const { sessionId, apiKeyId } = run.credential;
  return {
    userId: run.userId,
    role: 'member',
    scopes: new Set(),
    ...(sessionId !== undefined && { sessionId }),
    ...(apiKeyId !== undefined && { apiKeyId }),
  };
}
