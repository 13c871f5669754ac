import { z } from 'zod';
import { defineTool } from '../define-tool.js';
import { answer } from '../tool-result.js';
import {
  DateErrors,
  formatIn,
  instantOf,
  readTime,
  wallClock,
  type WallClock,
  zoneOf,
} from './datetime/zones.js';

const Operation = z.enum(['now', 'convert', 'add', 'difference']);
type Operation = z.infer<typeof Operation>;
interface Given {
  readonly until?: string | undefined;
  readonly amount?: number | undefined;
  readonly toTimezone?: string | undefined;
}
const Unit = z.enum(['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds']);
type Unit = z.infer<typeof Unit>;

const SECONDS: Readonly<Partial<Record<Unit, number>>> = { hours: 3_600, minutes: 60, seconds: 1 };

const Zone = z.string().min(1).max(60);
const Time = z.string().min(1).max(60);

export const datetime = defineTool({
  name: 'datetime',
  title: 'Date and time',
  description:
    'Tells the current date and time in a time zone or city, converts a time between time zones, adds days or months to a date, and counts the days or hours between two dates.',
  input: z.object({
    operation: Operation.optional().describe(
      'Default: what the other arguments say. now: the time itself, with its weekday. convert: time into toTimezone. add: amount of unit to time. difference: from time to until.',
    ),
    time: Time.default('now').describe(
      'Date or time to start from, e.g. 2026-01-31 or 2026-01-31T14:30. Default: now.',
    ),
    until: Time.optional().describe('difference: the other date, e.g. 2026-12-24.'),
    timezone: Zone.default('UTC').describe(
      'Time zone of the given time, an IANA name or a city, e.g. Europe/Berlin or Tokyo.',
    ),
    toTimezone: Zone.optional().describe('convert: time zone of the answer, e.g. America/New_York.'),
    amount: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .optional()
      .describe('add: how many units to add; negative goes back.'),
    unit: Unit.default('days').describe('add: what amount counts.'),
  }),
  output: z.object({
    time: z.string().describe('RFC 3339, with the offset of the zone.'),
    timezone: z.string(),
    weekday: z.string(),
    unixSeconds: z.int(),
    difference: z
      .object({
        totalDays: z.number(),
        totalSeconds: z.int(),
        days: z.int(),
        hours: z.int(),
        minutes: z.int(),
        seconds: z.int(),
      })
      .optional(),
  }),
  annotations: { readOnlyHint: true, idempotentHint: false, openWorldHint: false },
  run(input) {
    const zone = zoneOf(input.timezone);
    const start = readTime(input.time, zone);
    switch (input.operation ?? operationOf(input)) {
      case 'now':
        return show(start, zone, input.time === 'now' ? 'It is' : `${input.time} is`);
      case 'convert':
        return show(start, zoneOf(input.toTimezone ?? 'UTC'), `${formatIn(start, zone)} is`);
      case 'add': {
        const end = add(start, input.amount ?? 0, input.unit, zone);
        return show(end, zone, `${formatIn(start, zone)} plus ${input.amount ?? 0} ${input.unit} is`);
      }
      case 'difference':
        return difference(start, readTime(input.until ?? 'now', zone), zone);
    }
  },
});

function operationOf({ until, amount, toTimezone }: Given): Operation {
  if (until !== undefined) return 'difference';
  if (amount !== undefined) return 'add';
  return toTimezone === undefined ? 'now' : 'convert';
}

function show(instant: Date, zone: string, lead: string) {
  const weekday = new Intl.DateTimeFormat('en', { timeZone: zone, weekday: 'long' }).format(instant);
  const time = formatIn(instant, zone);
  const data = { time, timezone: zone, weekday, unixSeconds: Math.floor(instant.getTime() / 1000) };
  return answer(`${lead} ${weekday}, ${time} (${zone}).`, data);
}

/** Days and longer move the calendar (the clock time stays); hours and shorter move the instant. */
function add(start: Date, amount: number, unit: Unit, zone: string): Date {
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return checked(new Date(start.getTime() + amount * seconds * 1000));
  const clock = wallClock(start, zone);
  if (unit === 'days' || unit === 'weeks') {
    const days = unit === 'weeks' ? amount * 7 : amount;
    const moved = checked(new Date(Date.UTC(clock.year, clock.month - 1, clock.day + days)));
    return instantOf({ ...clock, ...dateOf(moved) }, zone);
  }
  const months = clock.year * 12 + clock.month - 1 + (unit === 'years' ? amount * 12 : amount);
  const [year, month] = [Math.floor(months / 12), (((months % 12) + 12) % 12) + 1];
  const lastDay = checked(new Date(Date.UTC(year, month, 0))).getUTCDate();
  return instantOf({ ...clock, year, month, day: Math.min(clock.day, lastDay) }, zone);
}

function dateOf(date: Date): Pick<WallClock, 'year' | 'month' | 'day'> {
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function checked(date: Date): Date {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 1 || year > 9_998)
    throw DateErrors.invalid_date('The result lies outside the years 1 to 9998.');
  return date;
}

function difference(start: Date, end: Date, zone: string) {
  const totalSeconds = Math.round((end.getTime() - start.getTime()) / 1000);
  const rest = Math.abs(totalSeconds);
  const part = (size: number, modulo: number) => Math.floor(rest / size) % modulo;
  const parts = {
    totalDays: Math.round((totalSeconds / 86_400) * 1000) / 1000,
    totalSeconds,
    days: Math.floor(rest / 86_400),
    hours: part(3_600, 24),
    minutes: part(60, 60),
    seconds: rest % 60,
  };
  const { structuredContent } = show(end, zone, '');
  const text = `From ${formatIn(start, zone)} to ${formatIn(end, zone)}: ${totalSeconds < 0 ? '-' : ''}${parts.days} days, ${parts.hours} h ${parts.minutes} min ${parts.seconds} s.`;
  return answer(text, { ...(structuredContent as object), difference: parts });
}
