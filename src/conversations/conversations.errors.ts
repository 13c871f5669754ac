import { defineErrors } from '../common/app-error.js';

export const ConversationsErrors = defineErrors({
  conversation_not_found: { kind: 'not_found', message: 'There is no such conversation.' },
  message_not_found: { kind: 'not_found', message: 'There is no such message in this conversation.' },
  message_not_editable: {
    kind: 'conflict',
    message: 'Only messages of a user can be edited; answers are made anew by a run.',
  },
  message_not_answerable: {
    kind: 'conflict',
    message: 'Only an answer, or a question of a user, can be answered once more.',
  },
  branch_too_long: {
    kind: 'unprocessable',
    message: 'A branch of more than 5000 messages cannot be forked.',
  },
  message_too_large: { kind: 'too_large', message: 'The text of a message may have at most 256 KiB.' },
});
