import { Inject, Injectable } from '@nestjs/common';
import { firstIdAt } from '../common/ids.js';
import { ENV, type Env } from '../config/env.js';
import { Housekeeping } from '../platform/database/housekeeping.service.js';
import { ToolCallsRepository } from './tool-calls.repository.js';

const AT_ONCE = 5_000;

/** Deletes the records of tool calls that are older than TOOL_CALL_DAYS. */
@Injectable()
export class ToolCallRetention {
  constructor(
    @Inject(ENV) { TOOL_CALL_DAYS }: Pick<Env, 'TOOL_CALL_DAYS'>,
    calls: ToolCallsRepository,
    housekeeping: Housekeeping,
  ) {
    if (TOOL_CALL_DAYS === 0) return;
    housekeeping.add('tool_calls', async (transaction) => {
      const before = firstIdAt(new Date(Date.now() - TOOL_CALL_DAYS * 86_400_000));
      return (await calls.deleteBefore(before, AT_ONCE, transaction)) === AT_ONCE;
    });
  }
}
