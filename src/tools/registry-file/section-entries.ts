import { type z } from 'zod';
import { AppError } from '../../common/app-error.js';
import { type PlannedChange } from './registry-section.js';

/** One change for each entry: what is not one, what is named twice, and what `plan` says of the others. */
export async function planEach<T extends { readonly name: string }>(
  schema: z.ZodType<T>,
  entries: readonly unknown[],
  plan: (entry: T) => Promise<PlannedChange> | PlannedChange,
): Promise<PlannedChange[]> {
  const planned: PlannedChange[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const parsed = schema.safeParse(entry);
    const name = nameOf(entry);
    if (!parsed.success) planned.push({ name, action: 'refused', message: explain(parsed.error) });
    else if (seen.has(name)) planned.push({ name, action: 'refused', message: 'the file names it twice' });
    else planned.push(await planOne(parsed.data, plan));
    seen.add(name);
  }
  return planned;
}

/** The names of a section's entries, for what `prune` must leave. */
export function namesOf(entries: readonly unknown[]): ReadonlySet<string> {
  return new Set(entries.map(nameOf));
}

/** What a service would refuse: the fields of its error, or what it says. What is not the entry's fault is thrown. */
export function refusedBy(name: string, error: unknown): PlannedChange {
  if (!(error instanceof AppError) || error.kind === 'internal') throw error;
  const fields = error.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return { name, action: 'refused', message: fields || error.message };
}

async function planOne<T extends { readonly name: string }>(
  entry: T,
  plan: (entry: T) => Promise<PlannedChange> | PlannedChange,
): Promise<PlannedChange> {
  try {
    return await plan(entry);
  } catch (error) {
    return refusedBy(entry.name, error);
  }
}

/** Names each member that is wrong. */
function explain({ issues }: z.ZodError): string {
  const list = issues.slice(0, 5).map(({ path, message }) => {
    const field = path.map(String).join('.');
    return field === '' ? message : `${field}: ${message}`;
  });
  return list.join('; ');
}

function nameOf(entry: unknown): string {
  const name = (entry as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.slice(0, 64) : '(no name)';
}
