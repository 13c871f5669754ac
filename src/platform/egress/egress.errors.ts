import { defineErrors } from '../../common/app-error.js';

/** One text for every refused address: a caller must not learn what exists inside the network. [S54] */
export const EgressErrors = defineErrors({
  egress_denied: {
    kind: 'unprocessable',
    message:
      'This address cannot be reached: it must be https to a public host that exists, on port 443 or 8443, without user and password. An operator can allow more by EGRESS_ALLOW.',
  },
  egress_failed: { kind: 'unavailable', message: 'The remote server could not be reached.' },
  egress_timeout: { kind: 'timeout', message: 'The remote server did not answer in time.' },
  egress_content_type: {
    kind: 'unavailable',
    message: 'The remote server answered with a kind of content that is not read here.',
  },
  egress_too_large: { kind: 'too_large', message: 'The answer of the remote server is too large.' },
});
