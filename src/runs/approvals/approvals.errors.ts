import { defineErrors } from '../../common/app-error.js';

/** The first block is thrown; the second are codes of a tool call that was not made. */
export const ApprovalErrors = defineErrors({
  approval_not_found: { kind: 'not_found', message: 'There is no such approval.' },
  approval_not_pending: {
    kind: 'conflict',
    message: 'This approval was decided before, has expired, or its run has ended.',
  },
  approval_outdated: {
    kind: 'conflict',
    message: 'The tool changed after this approval was asked for. The run asks again; decide the new one.',
  },
  approval_not_editable: {
    kind: 'unprocessable',
    message: 'This approval can only be approved or rejected.',
  },

  approval_required: {
    kind: 'conflict',
    message: 'This call waits for the approval of its caller.',
  },
  too_many_approvals: {
    kind: 'too_many',
    message: 'Too many of your calls wait for your approval. Decide some of them first.',
  },
  approval_rejected: { kind: 'forbidden', message: 'The user rejected this call; it was not made.' },
  approval_expired: {
    kind: 'timeout',
    message: 'Nobody approved this call in time; it was not made.',
  },
  tool_call_unknown: {
    kind: 'internal',
    message:
      'The server stopped during this call. Whether it had an effect is not known; it was not repeated.',
  },
});
