import { defineErrors } from '../../../common/app-error.js';

export const DateErrors = defineErrors({
  unknown_timezone: {
    kind: 'invalid',
    message: 'The time zone is not known. Use an IANA name such as Europe/Berlin.',
  },
  invalid_date: {
    kind: 'invalid',
    message: 'The date cannot be read. Use e.g. 2026-01-31 or 2026-01-31T14:30.',
  },
});

/** A date and time on the clock of some zone. Months are 1 to 12. */
export interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The IANA zone that a text means: `Europe/Berlin`, `UTC`, `+02:00`, or a city of the list such as `Tokyo`. */
export function zoneOf(text: string): string {
  const wanted = text.trim().replaceAll(' ', '_');
  if (/^(?:utc|gmt|z)$/i.test(wanted)) return 'UTC';
  const name = ZONES.find((zone) => zone.toLowerCase() === wanted.toLowerCase());
  const city = ZONES.find((zone) => zone.split('/').at(-1)?.toLowerCase() === wanted.toLowerCase());
  const zone = name ?? city ?? wanted;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw DateErrors.unknown_timezone(
      `"${text.slice(0, 60)}" is not a time zone. Use an IANA name such as Europe/Berlin or UTC.`,
    );
  }
}

const ZONES = Intl.supportedValuesOf('timeZone');

/** What a clock in the zone shows at an instant. */
export function wallClock(instant: Date, zone: string): WallClock {
  const parts = new Intl.DateTimeFormat('en-u-ca-iso8601-hc-h23-nu-latn', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** Minutes east of UTC at an instant. */
function offsetMinutes(instant: Date, zone: string): number {
  const seconds = Math.floor(instant.getTime() / 1000);
  return Math.round((asUtc(wallClock(instant, zone)) / 1000 - seconds) / 60);
}

/**
 * The instant at which a clock in the zone shows this time. A time that the clock skips in spring is taken as the same
 * number of minutes later; of a time that it shows twice in autumn the first is meant (RFC 5545 section 3.3.5).
 */
export function instantOf(clock: WallClock, zone: string): Date {
  const utc = asUtc(clock);
  const before = offsetMinutes(new Date(utc - 86_400_000), zone);
  const after = offsetMinutes(new Date(utc + 86_400_000), zone);
  for (const offset of [before, after]) {
    const instant = new Date(utc - offset * 60_000);
    if (offsetMinutes(instant, zone) === offset) return instant;
  }
  return new Date(utc - before * 60_000);
}

/** RFC 3339 with the zone's own offset. */
export function formatIn(instant: Date, zone: string): string {
  const offset = offsetMinutes(instant, zone);
  const local = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (zone === 'UTC') return `${local}Z`;
  const sign = offset < 0 ? '-' : '+';
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `${local}${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}

/** Reads `now`, a date, a date with time (on the clock of `zone`), or a full RFC 3339 time. Throws `invalid_date`. */
export function readTime(text: string, zone: string): Date {
  const wanted = text.trim();
  if (/^(?:now|today)$/i.test(wanted)) return new Date();
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(
      wanted,
    );
  if (match === null) throw invalidDate(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const clock = { year, month, day, hour, minute, second };
  const back = new Date(asUtc(clock)).toISOString().slice(0, 19);
  const shown = `${match[1]}-${match[2]}-${match[3]}T${match[4] ?? '00'}:${match[5] ?? '00'}:${match[6] ?? '00'}`;
  if (back !== shown) throw invalidDate(text);
  const offset = match[7];
  return offset === undefined
    ? instantOf(clock, zone)
    : new Date(`${shown}${offset.replace(/(\d{2})(\d{2})$/, '$1:$2').toUpperCase()}`);
}

function asUtc({ year, month, day, hour, minute, second }: WallClock): number {
  return new Date(Date.UTC(2000, month - 1, day, hour, minute, second)).setUTCFullYear(year, month - 1, day);
}

function invalidDate(text: string) {
  return DateErrors.invalid_date(
    `"${text.slice(0, 60)}" is not a date. Use e.g. now, 2026-01-31, 2026-01-31T14:30 or 2026-01-31T14:30:00Z.`,
  );
}
