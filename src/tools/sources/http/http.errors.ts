import { defineErrors } from '../../../common/app-error.js';

/** How a call of another server can fail. What it wrote into its error page is never shown. */
export const HttpToolErrors = defineErrors({
  remote_refused: { kind: 'unprocessable', message: 'The remote server refused the call.' },
  remote_failed: { kind: 'unavailable', message: 'The remote server could not answer the call.' },
  remote_invalid_json: {
    kind: 'internal',
    message: 'The remote server said that its answer is JSON, but it is not.',
  },
});
