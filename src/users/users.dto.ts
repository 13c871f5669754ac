import { z } from 'zod';
import { pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';
import { NewPassword } from './password-policy.js';

const Email = z.email().max(254);
const Name = z.string().trim().min(1).max(100);
const RoleName = z.enum(['admin', 'member']);

export const NewAccount = named(
  'NewAccount',
  z.strictObject({ email: Email, password: NewPassword, name: Name.optional() }),
);
export type NewAccount = z.infer<typeof NewAccount>;

export const NewUserRequest = named('NewUser', NewAccount.extend({ role: RoleName.default('member') }));
export type NewUserRequest = z.infer<typeof NewUserRequest>;

export const UserChange = named(
  'UserChange',
  z.strictObject({
    name: Name.nullable().optional(),
    role: RoleName.optional(),
    disabled: z
      .boolean()
      .optional()
      .describe('A disabled user cannot log in; his sessions and keys stop at once.'),
  }),
);
export type UserChange = z.infer<typeof UserChange>;

export const UserAnswer = named(
  'User',
  z.object({
    id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role: RoleName,
    disabled: z.boolean(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);

export const UserPage = named('UserPage', pageOf(UserAnswer));
