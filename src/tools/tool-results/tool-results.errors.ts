import { defineErrors } from '../../common/app-error.js';

export const ToolResultErrors = defineErrors({
  tool_result_not_found: {
    kind: 'not_found',
    message: 'There is no such result. Whole results are kept for an hour, for who made the call.',
  },
});
