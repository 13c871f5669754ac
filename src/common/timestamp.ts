import { z } from 'zod';

/** A point in time as RFC 3339 in UTC; services return `Date`, clients read the string. */
export const Timestamp = z.preprocess(
  (value) => (value instanceof Date ? value.toISOString() : value),
  z.iso.datetime(),
);
