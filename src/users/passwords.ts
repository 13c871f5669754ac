import { type Algorithm, hash, verify } from '@node-rs/argon2';
import { bulkhead, isBulkheadRejectedError } from 'cockatiel';
import { CommonErrors } from '../common/common.errors.js';

/** argon2id with the OWASP minimum: 19 MiB, 2 passes, 1 lane. [S14] */
const OPTIONS = {
  algorithm: 2 satisfies Algorithm.Argon2id,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
};
const CURRENT = `m=${OPTIONS.memoryCost},t=${OPTIONS.timeCost},p=${OPTIONS.parallelism}`;

/** Hashing runs on libuv's four threads; one stays free for files and names, and a flood waits or is refused. [S16] */
const hashing = bulkhead(3, 300);

/** A hash to check against when there is no such user, so that the answer takes as long. [S17] */
const decoy = hash('no user has this password', OPTIONS);

/** The PHC string of a password. Unicode is normalised (NFC) first. Throws `overloaded`. */
export function hashPassword(password: string): Promise<string> {
  return bounded(() => hash(password.normalize('NFC'), OPTIONS));
}

/** Does the password match? Takes the same time when `stored` is undefined, and then says no. Throws `overloaded`. */
export function checkPassword(password: string, stored: string | undefined): Promise<boolean> {
  return bounded(async () => {
    const matches = await verify(stored ?? (await decoy), password.normalize('NFC'));
    return matches && stored !== undefined;
  });
}

/** Was this hash made with parameters other than today's? Then the next login makes it anew. */
export function isOutdated(stored: string): boolean {
  return !stored.startsWith('$argon2id$v=19$') || stored.split('$')[3] !== CURRENT;
}

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await hashing.execute(work);
  } catch (error) {
    if (isBulkheadRejectedError(error))
      throw CommonErrors.overloaded(undefined, { retryAfter: 2, cause: error });
    throw error;
  }
}
