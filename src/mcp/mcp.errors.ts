import { defineErrors } from '../common/app-error.js';

export const McpErrors = defineErrors({
  mcp_session_not_found: {
    kind: 'not_found',
    message: 'This MCP session does not exist or has ended. Send initialize to open a new one.',
  },
  mcp_session_required: {
    kind: 'invalid',
    message: 'Send initialize first, then the Mcp-Session-Id that it returned.',
  },
  mcp_sessions_busy: { kind: 'unavailable', message: 'Too many MCP sessions are in use; try again soon.' },
  mcp_too_many_streams: {
    kind: 'too_many',
    message: 'Too many open event streams of this user. Close one first.',
  },
  mcp_client_capability_missing: {
    kind: 'unprocessable',
    message: 'The MCP client cannot be asked what this needs.',
  },
});
