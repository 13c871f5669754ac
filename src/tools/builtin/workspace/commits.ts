import { z } from 'zod';

/** A branch, tag, hash, `HEAD~2`, `v1.2^`: never an option and never `commit:path`. */
export const RevisionInput = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/@^~+-]*$/, 'must be a branch, a tag, a commit hash or e.g. HEAD~2');

export const CommitSchema = z.object({
  hash: z.string(),
  shortHash: z.string(),
  author: z.string(),
  email: z.string(),
  date: z.string().describe('Author date, RFC 3339.'),
  subject: z.string(),
});
export type Commit = z.infer<typeof CommitSchema>;

/** Fields end with a unit separator, commits with a record separator: neither can be in a commit's first line. */
export const COMMIT_FORMAT = '%H%x1f%h%x1f%an%x1f%ae%x1f%aI%x1f%s%x1e';

export function parseCommits(text: string): Commit[] {
  return text
    .split('\x1e')
    .map((record) => record.trim().split('\x1f'))
    .filter((fields) => fields.length >= 6)
    .map(([hash = '', shortHash = '', author = '', email = '', date = '', ...subject]) => ({
      hash,
      shortHash,
      author,
      email,
      date,
      subject: subject.join(' '),
    }));
}

/** Git would take the present time of day for a date without one. */
export function since(date: string): string {
  return date.includes('T') ? date : `${date}T00:00:00Z`;
}

export function until(date: string): string {
  return date.includes('T') ? date : `${date}T23:59:59Z`;
}
