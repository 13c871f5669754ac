import { defineErrors } from '../../common/app-error.js';

export const IdempotencyErrors = defineErrors({
  invalid_idempotency_key: {
    kind: 'invalid',
    message: 'Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID.',
  },
  idempotency_key_reused: {
    kind: 'unprocessable',
    message: 'This Idempotency-Key was used with another body. Use a new key for a new request.',
  },
  idempotency_key_in_flight: {
    kind: 'conflict',
    message: 'The first request with this Idempotency-Key is still running; try again in a moment.',
  },
});
