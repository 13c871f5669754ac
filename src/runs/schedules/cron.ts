import { CronExpressionParser } from 'cron-parser';

/** What is wrong with a cron expression or a time zone, for the user; undefined when nothing is. */
export function cronProblem(cron: string, timeZone: string): { field: string; message: string } | undefined {
  if (!isTimeZone(timeZone))
    return { field: 'timeZone', message: 'must be an IANA time zone such as Europe/Berlin' };
  if (cron.trim().split(/\s+/).length !== 5)
    return { field: 'cron', message: 'must have five fields: minute hour day month weekday' };
  try {
    nextTick(cron, timeZone, new Date());
    return undefined;
  } catch {
    return { field: 'cron', message: 'must be a cron expression that comes true, such as "30 8 * * 1-5"' };
  }
}

/** The first tick after a moment. A time that a change of the clocks leaves out or repeats ticks once. */
export function nextTick(cron: string, timeZone: string, after: Date): Date {
  return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: after }).next().toDate();
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
