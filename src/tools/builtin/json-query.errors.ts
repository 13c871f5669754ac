import { defineErrors } from '../../common/app-error.js';

export const JsonErrors = defineErrors({
  not_json: { kind: 'invalid', message: 'The document is not JSON.' },
  json_path_not_found: { kind: 'not_found', message: 'Nothing is at this path in the document.' },
});
