import { z } from 'zod';
import { pageOf } from '../../common/page.js';
import { Timestamp } from '../../common/timestamp.js';
import { named } from '../../platform/http/openapi.js';

export const WorkspaceName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'must be 1 to 63 of a-z, 0-9, _ and -, and start with a letter or digit',
  )
  .describe('What tools call it in their parameter `workspace`.');

const Auth = z.strictObject({
  type: z.enum(['basic', 'bearer']),
  secret: z.string().min(1).max(64).describe('Name of a secret that is bound to the origin of the URL.'),
  username: z.string().min(1).max(200).optional().describe('For `basic`; many Git hosts take any.'),
});

export const NewWorkspace = named(
  'NewWorkspace',
  z.strictObject({
    url: z.url().max(2_000).describe('https address of a Git repository, without user and password.'),
    name: WorkspaceName.optional().describe('Default: the last part of the URL.'),
    ref: z
      .string()
      .max(200)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/+-]*$/, 'must be a branch or a tag')
      .optional()
      .describe('Branch or tag. Default: the one that the server names.'),
    depth: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('Newest commits to fetch. Default: the whole history.'),
    auth: Auth.optional().describe('How to sign in to a private repository.'),
  }),
);
export type NewWorkspace = z.infer<typeof NewWorkspace>;

/** A remote repository that file and Git tools may read. */
export const WorkspaceView = named(
  'Workspace',
  z.object({
    name: z.string(),
    url: z.string(),
    ref: z.string().nullable(),
    depth: z.int().nullable(),
    auth: z.object(Auth.shape).nullable(),
    state: z.enum(['fetching', 'ready', 'failed']),
    problem: z.string().nullable().describe('Why it failed.'),
    commit: z.string().nullable().describe('What is checked out.'),
    bytes: z.int().nullable().describe('Size of its files.'),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export type WorkspaceView = z.infer<typeof WorkspaceView>;
export const WorkspacePage = named('WorkspacePage', pageOf(WorkspaceView));
