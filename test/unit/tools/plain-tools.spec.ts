import { describe, expect, it } from '@jest/globals';
import { datetime } from '../../../src/tools/builtin/datetime.tool.js';
import { jsonQuery } from '../../../src/tools/builtin/json-query.tool.js';
import { type AnyCodeTool, type ToolResponse } from '../../../src/tools/define-tool.js';
import { createToolContext } from '../../../src/tools/tool-context.js';

async function run(tool: AnyCodeTool, args: Record<string, unknown>) {
  const response = (await tool.run(tool.input.parse(args) as never, createToolContext())) as ToolResponse;
  return response.structuredContent as Record<string, unknown>;
}

describe('datetime', () => {
  const time = async (args: Record<string, unknown>) => (await run(datetime, args)).time;

  it('tells the present time in a zone or a city', async () => {
    const before = Math.floor(Date.now() / 1000);
    const now = await run(datetime, { timezone: 'Tokyo' });
    expect(now.timezone).toBe('Asia/Tokyo');
    expect(now.unixSeconds).toBeGreaterThanOrEqual(before);
    expect(Date.parse(now.time as string) / 1000).toBe(now.unixSeconds);
  });

  it.each([
    ['2026-01-15T12:00', 'Europe/Berlin', 'America/New_York', '2026-01-15T06:00:00-05:00'],
    ['2026-07-15T12:00', 'Europe/Berlin', 'UTC', '2026-07-15T10:00:00Z'],
    ['2026-03-29T02:30', 'Europe/Berlin', 'Europe/Berlin', '2026-03-29T03:30:00+02:00'],
    ['2026-10-25T02:30', 'Europe/Berlin', 'Europe/Berlin', '2026-10-25T02:30:00+02:00'],
    ['2026-01-01T00:00:00Z', 'UTC', 'Asia/Kathmandu', '2026-01-01T05:45:00+05:45'],
  ])('converts %s of %s to %s', async (given, timezone, toTimezone, expected) => {
    expect(await time({ operation: 'convert', time: given, timezone, toTimezone })).toBe(expected);
  });

  it.each([
    ['2024-01-31', 1, 'months', '2024-02-29T00:00:00Z'],
    ['2024-02-29', 1, 'years', '2025-02-28T00:00:00Z'],
    ['2026-12-31', 1, 'days', '2027-01-01T00:00:00Z'],
    ['2026-01-01', -2, 'weeks', '2025-12-18T00:00:00Z'],
    ['2026-01-01T00:00', 90, 'minutes', '2026-01-01T01:30:00Z'],
  ])('%s plus %s %s', async (given, amount, unit, expected) => {
    expect(await time({ operation: 'add', time: given, amount, unit })).toBe(expected);
  });

  it('keeps the clock time when days are added across a change of the clock', async () => {
    const args = { operation: 'add', time: '2026-03-28T12:00', timezone: 'Europe/Berlin', amount: 1 };
    expect(await time(args)).toBe('2026-03-29T12:00:00+02:00');
  });

  it('counts the days between two dates', async () => {
    const result = await run(datetime, { operation: 'difference', time: '2026-01-01', until: '2026-12-24' });
    expect(result.difference).toMatchObject({ totalDays: 357, days: 357, hours: 0 });
  });

  it('says what it cannot read', async () => {
    await expect(run(datetime, { operation: 'convert', time: '2026-02-30' })).rejects.toMatchObject({
      code: 'invalid_date',
    });
    await expect(run(datetime, { timezone: 'Mars/Base' })).rejects.toMatchObject({
      code: 'unknown_timezone',
    });
  });
});

describe('json_query', () => {
  const json = JSON.stringify({ orders: [{ id: 1, 'a/b': { c: null } }, { id: 2 }], m: { 'x y': true } });

  it.each([
    ['/orders/0/id', [1]],
    ['orders[1].id', [2]],
    ['$.orders[*].id', [1, 2]],
    ['/orders/*/id', [1, 2]],
    ['/orders/0/a~1b/c', [null]],
    ['m["x y"]', [true]],
  ])('%s', async (path, values) => {
    expect((await run(jsonQuery, { json, path })).values).toEqual(values);
  });

  it.each(['/orders/9', 'constructor.name', '__proto__', 'orders.length', 'orders[0', 'm..x'])(
    'finds nothing at %s',
    async (path) => {
      await expect(run(jsonQuery, { json, path })).rejects.toMatchObject({ code: 'json_path_not_found' });
    },
  );

  it('says when the document is not JSON', async () => {
    await expect(run(jsonQuery, { json: '{' })).rejects.toMatchObject({ code: 'not_json' });
  });
});
