import { v7 } from 'uuid';

/** A new UUIDv7 (RFC 9562): unique, and ordered by time of creation within this process. */
export function newId(): string {
  return v7();
}

/** Less than every id that was made at this time or later: rows are found by age through their primary key. */
export function firstIdAt(time: Date): string {
  const ms = time.getTime().toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`;
}
