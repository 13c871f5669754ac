/**
 * SQL that adds events to runs that `runs` gives as (id, first_seq): the JSON array in `parameter`, numbered without a
 * gap. The caller raises `last_seq`.
 */
export const INSERT_EVENTS = (runs: string, parameter: string) => `
  insert into run_events (run_id, seq, type, agent, path, data, at)
    select r.id, r.first_seq - 1 + e.n, e.value->>'type', e.value->'agent'->>'name', e.value->'agent'->>'path',
           e.value->'data', (e.value->>'at')::timestamptz
      from ${runs} as r, jsonb_array_elements(${parameter}::jsonb) with ordinality as e(value, n)`;

/** JSON that PostgreSQL can hold: models and tools may produce NUL and lone surrogates, which it cannot. */
export function storable(value: unknown): string {
  const text = JSON.stringify(value);
  // As good as always there is nothing to take out, and looking at each value takes ten times as long.
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'string' ? item.replaceAll('\0', '').toWellFormed() : item,
  );
}
