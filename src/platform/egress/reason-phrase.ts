import { STATUS_CODES } from 'node:http';

/** `404 Not Found`, by the registry of status codes and never by what a server says. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim();
}
