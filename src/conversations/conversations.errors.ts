import { defineErrors } from '../common/app-error.js';

export const ConversationsErrors = defineErrors({
  conversation_not_found: { kind: 'not_found', message: 'There is no such conversation.' },
  message_not_found: { kind: 'not_found', message: 'There is no such message in this conversation.' },
  message_too_large: { kind: 'too_large', message: 'The text of a message may have at most 256 KiB.' },
});
