import { type z } from 'zod';
import { type PlannedChange } from './registry-section.js';

/** An entry that is not what its section holds: names each member that is wrong. */
export function refusal(entry: unknown, error: z.ZodError): PlannedChange {
  const list = error.issues.slice(0, 5).map(({ path, message }) => {
    const field = path.map(String).join('.');
    return field === '' ? message : `${field}: ${message}`;
  });
  return { name: nameOf(entry), action: 'refused', message: list.join('; ') };
}

export function repeated(name: string): PlannedChange {
  return { name, action: 'refused', message: 'the file names it twice' };
}

function nameOf(entry: unknown): string {
  const name = (entry as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.slice(0, 64) : '(no name)';
}
