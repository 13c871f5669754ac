import { z } from 'zod';
import { SecretName } from '../../secrets/secrets.dto.js';

const Globs = z.array(z.string().min(1).max(300)).max(500);

/** What a refresh does again. */
export const ImportOptions = z.strictObject({
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 letters, digits, "_" or "-"')
    .optional()
    .describe('Put before the name of each tool, e.g. jira_.'),
  include: Globs.optional().describe(
    'Globs of tool names, operationIds, `GET /pets/*` or `tag:pets`. Default: all.',
  ),
  exclude: Globs.optional().describe('The same, for what is left out.'),
  server: z.string().max(2_000).optional().describe('Base URL in place of the servers of the document.'),
  auth: z
    .strictObject({
      secret: SecretName,
      type: z.enum(['bearer', 'basic', 'header', 'query']).optional(),
      name: z
        .string()
        .regex(/^[A-Za-z0-9_.-]{1,100}$/)
        .optional(),
      username: z.string().min(1).max(200).optional(),
    })
    .optional()
    .describe(
      'The secret that signs the calls in; how is read from the securitySchemes unless it is said here.',
    ),
});
export type ImportOptions = z.infer<typeof ImportOptions>;
