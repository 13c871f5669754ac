import { defineErrors } from '../common/app-error.js';

export const UserErrors = defineErrors({
  user_not_found: { kind: 'not_found', message: 'There is no user with this id.' },
  email_taken: { kind: 'conflict', message: 'There is an account with this e-mail address.' },
  last_admin: { kind: 'conflict', message: 'This is the last admin; make another one first.' },
  own_role: { kind: 'forbidden', message: 'Nobody changes his own role; ask another admin.' },
  password_common: {
    kind: 'invalid',
    message: 'This password is one of those that everybody tries first; choose another, such as four words.',
  },
});
