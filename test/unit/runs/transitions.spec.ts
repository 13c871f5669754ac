import { describe, expect, it } from '@jest/globals';
import { isTerminal, RUN_STATUSES, sourcesOf, TRANSITIONS } from '../../../src/runs/run.js';
import { endsStream, RUN_EVENTS } from '../../../src/runs/run-event.js';

describe('statuses of a run', () => {
  it('every status can be reached, and every one that is not an end can be left', () => {
    for (const status of RUN_STATUSES) {
      if (status !== 'queued') expect(sourcesOf(status)).not.toEqual([]);
      expect(isTerminal(status)).toBe(TRANSITIONS[status].length === 0);
    }
    const ends = RUN_STATUSES.filter(isTerminal);
    expect(ends).toEqual(['completed', 'failed', 'cancelled', 'expired']);
  });

  it('an end is never left, and nothing begins to run but what is queued', () => {
    for (const end of RUN_STATUSES.filter(isTerminal)) expect(TRANSITIONS[end]).toEqual([]);
    expect(sourcesOf('running')).toEqual(['queued']);
  });

  it('every end has its event, after which a stream ends', () => {
    for (const status of [...RUN_STATUSES.filter(isTerminal), 'requires_action']) {
      const event = RUN_EVENTS.find((type) => type === `run.${status}`);
      expect(event).toBeDefined();
      expect(event !== undefined && endsStream(event)).toBe(true);
    }
  });
});
