import { defineErrors } from '../../common/app-error.js';

export const MemoryErrors = defineErrors({
  memory_not_found: { kind: 'not_found', message: 'You have no such note.' },
  memory_full: {
    kind: 'unprocessable',
    message: 'There are 1000 notes already. Delete some: GET /api/v1/memories lists them.',
  },
});
