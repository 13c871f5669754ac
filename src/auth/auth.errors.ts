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
  wrong_password: { kind: 'invalid', message: 'The current password is wrong.' },
  registration_closed: {
    kind: 'forbidden',
    message: 'Nobody can register here; ask an admin for an account. REGISTRATION=open changes that.',
  },
  api_key_not_found: { kind: 'not_found', message: 'You have no API key with this id.' },
  api_key_limit: { kind: 'conflict', message: 'You have 100 API keys; delete one first.' },
});
