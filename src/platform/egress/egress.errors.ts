import { defineErrors } from '../../common/app-error.js';

/** One text for every refused address: a caller must not learn what exists inside the network. [S54] */
export const EgressErrors = defineErrors({
  egress_denied: {
    kind: 'unprocessable',
    message:
      'This address may not be reached: only https to public hosts on ports 443 and 8443, without user and password. An operator can allow more by EGRESS_ALLOW.',
  },
  egress_failed: { kind: 'unavailable', message: 'The remote server could not be reached.' },
  egress_timeout: { kind: 'timeout', message: 'The remote server did not answer in time.' },
  egress_too_large: { kind: 'too_large', message: 'The answer of the remote server is too large.' },
});
