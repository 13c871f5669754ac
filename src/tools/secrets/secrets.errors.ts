import { defineErrors } from '../../common/app-error.js';

export const SecretErrors = defineErrors({
  secret_not_found: {
    kind: 'not_found',
    message: 'There is no secret of this name. An admin makes one by PUT /api/v1/secrets/:name.',
  },
  secret_origin_mismatch: {
    kind: 'unprocessable',
    message: 'The secret is not bound to the origin that it would be sent to. An admin can add the origin.',
  },
  secret_unreadable: {
    kind: 'internal',
    message: 'The secret cannot be decrypted: its row or the key ring was changed. Store it again.',
  },
});
