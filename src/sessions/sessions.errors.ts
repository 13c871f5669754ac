import { defineErrors } from '../common/app-error.js';

export const SessionErrors = defineErrors({
  session_not_found: { kind: 'not_found', message: 'You have no open session with this id.' },
  no_session: {
    kind: 'invalid',
    message: 'This credential is an API key and has no session; end it by DELETE /api/v1/api-keys/:id.',
  },
  invalid_refresh_token: {
    kind: 'unauthenticated',
    message: 'The refresh token is not valid or its session has ended; log in again.',
  },
  refresh_reuse: {
    kind: 'unauthenticated',
    message: 'This refresh token was used before, so its session is ended; log in again.',
  },
  context_key_not_found: { kind: 'not_found', message: 'The session keeps nothing under this key.' },
  context_too_large: { kind: 'too_large', message: 'A value of a session may have at most 64 KiB as JSON.' },
  context_full: { kind: 'conflict', message: 'The session keeps 100 keys already; delete one first.' },
});
