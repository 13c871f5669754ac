import { z } from 'zod';
import { named } from '../../../platform/http/openapi.js';

/** The operator's databases: names and state, never an address. */
export const SqlDatabaseList = named(
  'SqlDatabaseList',
  z.object({
    items: z.array(
      z.object({
        name: z.string(),
        state: z
          .enum(['ready', 'refused', 'unavailable'])
          .describe('refused: its role could write; see `problems`. unavailable: it does not answer.'),
        problems: z.array(
          z.object({
            problem: z.string(),
            fix: z.string().describe('The statement that mends it, to be run by the owner of the database.'),
          }),
        ),
      }),
    ),
    nextCursor: z.null(),
  }),
);
