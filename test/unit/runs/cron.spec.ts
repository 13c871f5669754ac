import { describe, expect, it } from '@jest/globals';
import { cronProblem, nextTick } from '../../../src/runs/schedules/cron.js';

function ticks(cron: string, zone: string, from: string, count: number): string[] {
  const found: string[] = [];
  let at = new Date(from);
  for (let n = 0; n < count; n += 1) {
    at = nextTick(cron, zone, at);
    found.push(at.toISOString());
  }
  return found;
}

describe('ticks of a schedule', () => {
  it('keep the hour of the wall clock when the clocks change', () => {
    expect(ticks('30 8 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T07:30:00.000Z',
      '2026-03-29T06:30:00.000Z',
      '2026-03-30T06:30:00.000Z',
    ]);
  });

  it.each([
    ['left out', '2026-03-27T12:00:00Z'],
    ['repeated', '2026-10-23T12:00:00Z'],
  ])('come once on the day on which their hour is %s', (_, from) => {
    const days = ticks('30 2 * * *', 'Europe/Berlin', from, 4).map((tick) =>
      new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Berlin' }).format(new Date(tick)),
    );
    expect(new Set(days).size).toBe(4);
  });

  it('need five fields, a real zone and a day that exists', () => {
    expect(cronProblem('30 8 * * 1-5', 'America/New_York')).toBeUndefined();
    expect(cronProblem('30 8 * * 1-5', 'Mars/Olympus')?.field).toBe('timeZone');
    for (const cron of ['* * * * * *', '@daily', '61 * * * *', 'x', '0 0 31 2 *', '* * * *'])
      expect([cron, cronProblem(cron, 'UTC')?.field]).toEqual([cron, 'cron']);
  });
});
