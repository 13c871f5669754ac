import { z } from 'zod';
import { COMMON_PASSWORDS } from './common-passwords.js';
import { UserErrors } from './users.errors.js';

const MIN = 12;
const MAX = 128;

/** Twelve to 128 characters of any script, counted after normalisation (NFC); no rules of composition. [S15] */
export const NewPassword = z
  .string()
  .max(8 * MAX)
  .refine((text) => {
    const length = [...text.normalize('NFC')].length;
    return length >= MIN && length <= MAX;
  }, `must have ${MIN} to ${MAX} characters`)
  .describe(`${MIN} to ${MAX} characters; not a commonly used password.`);

/** Throws `password_common` for a password that everybody tries first. */
export function refuseCommon(password: string, email: string): void {
  const word = core(password);
  const name = core(email.split('@')[0] ?? '');
  const onlyDigits = word === '' && (password.length < 20 || new Set(password).size < 6);
  if (onlyDigits || (word !== '' && (word === name || COMMON_PASSWORDS.has(word))))
    throw UserErrors.password_common();
}

/** What is left when digits and signs around a word, and its repetition, are taken away: `Password1234!` → `password`. */
function core(password: string): string {
  const word = password
    .normalize('NFC')
    .toLowerCase()
    .replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return /^(.+?)\1+$/u.exec(word)?.[1] ?? word;
}
