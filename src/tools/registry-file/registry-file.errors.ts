import { defineErrors } from '../../common/app-error.js';

export const RegistryFileErrors = defineErrors({
  invalid_registry_file: {
    kind: 'unprocessable',
    message: 'The file is not one that GET /api/v1/tools/export writes: YAML or JSON with "version: 1".',
  },
});
