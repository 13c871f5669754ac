import { defineErrors } from '../../../common/app-error.js';

export const OpenApiErrors = defineErrors({
  invalid_openapi_document: {
    kind: 'unprocessable',
    message: 'This is not an OpenAPI 3.0 or 3.1 document in JSON or YAML.',
  },
  tool_import_not_found: {
    kind: 'not_found',
    message: 'There is no such import. GET /api/v1/tool-imports lists them.',
  },
  tool_import_without_url: {
    kind: 'conflict',
    message:
      'This import was made from a document and not from a URL: import the new document by the same name.',
  },
});
