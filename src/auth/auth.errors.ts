import { defineErrors } from '../common/app-error.js';

export const AuthErrors = defineErrors({
  unauthenticated: {
    kind: 'unauthenticated',
    message: 'Send Authorization: Bearer <access token or API key>.',
  },
  invalid_token: {
    kind: 'unauthenticated',
    message: 'The access token or API key is not valid or has ended.',
  },
  invalid_credentials: { kind: 'unauthenticated', message: 'The e-mail address or the password is wrong.' },
  insufficient_scope: { kind: 'forbidden', message: 'The credential lacks a scope that this needs.' },
});
