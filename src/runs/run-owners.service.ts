import { Injectable } from '@nestjs/common';
import { type Actor, type Role, scopesOf } from '../common/actor.js';
import { UsersService } from '../users/users.service.js';
import { type ClaimedRun } from './run-leases.repository.js';
import { type RunStep } from './run-step.js';
import { RunErrors } from './runs.errors.js';
import { type Budget } from './usage/budget.js';
import { requestsOf } from './usage/call-usage.js';

/** In whose name work is done that nobody asks for at the moment. */
@Injectable()
export class RunOwners {
  constructor(private readonly users: UsersService) {}

  /** The maker as he is now, with no more rights than the credential that he had. Throws `user_disabled`. */
  async actorOf(maker: Maker): Promise<Actor> {
    const user = await this.users.findById(maker.userId);
    if (user === null || user.disabledAt !== null) throw RunErrors.user_disabled();
    return actorAs(user.role, maker);
  }
}

type Maker = Pick<ClaimedRun, 'userId' | 'credential'>;

function actorAs(role: Role, maker: Maker): Actor {
  const held = scopesOf(role);
  const scopes = new Set(maker.credential.scopes.filter((scope) => held.has(scope)));
  return { ...ownerOf(maker), role: scopes.has('admin') ? role : 'member', scopes };
}

/** The maker of a run as he was when it was taken, with no more rights than its credential. Throws `user_disabled`. */
export function actorOfRun(run: ClaimedRun): Actor {
  if (run.role === null) throw RunErrors.user_disabled();
  return actorAs(run.role, run);
}

/** What is left of the owner's day, and what the run has spent before, which its meter counts again. */
export function budgetOf({ budget: { tokens, usd } }: ClaimedRun, steps: readonly RunStep[]): Budget {
  const spent = steps.flatMap(({ usage }) => requestsOf(usage));
  const sum = (read: (call: (typeof spent)[number]) => number) =>
    spent.reduce((all, one) => all + read(one), 0);
  return {
    ...(tokens !== null && {
      tokens: tokens + sum(({ inputTokens, outputTokens }) => inputTokens + outputTokens),
    }),
    ...(usd !== null && { usd: usd + sum(({ costUsd }) => costUsd ?? 0) }),
  };
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
