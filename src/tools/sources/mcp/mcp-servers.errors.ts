import { defineErrors } from '../../../common/app-error.js';

export const McpServerErrors = defineErrors({
  mcp_server_not_found: {
    kind: 'not_found',
    message: 'There is no such MCP server. GET /api/v1/mcp-servers lists them.',
  },
  mcp_server_exists: { kind: 'conflict', message: 'An MCP server of this name exists. Choose another name.' },
  mcp_server_limit: { kind: 'conflict', message: 'There are too many MCP servers; delete one first.' },
  mcp_server_in_file: {
    kind: 'conflict',
    message: 'This MCP server comes from MCP_SERVERS_FILE. Change the file instead.',
  },
  stdio_not_allowed: {
    kind: 'unprocessable',
    message:
      'A server that is started as a command cannot be added by the API: an operator lists it in MCP_SERVERS_FILE. Give the url of a Streamable HTTP server.',
  },

  upstream_unreachable: { kind: 'unavailable', message: 'The MCP server cannot be reached at the moment.' },
  upstream_busy: {
    kind: 'too_many',
    message: 'Too many connections to MCP servers are open; try again in a moment.',
  },
  upstream_unauthorised: {
    kind: 'conflict',
    message: 'The MCP server wants a credential, or refused ours. An admin has to set or mend its "auth".',
  },
  upstream_sign_in_required: {
    kind: 'conflict',
    message: 'Sign in to the MCP server first: POST /api/v1/mcp-servers/:id/sign-in.',
  },
  sign_in_not_needed: {
    kind: 'conflict',
    message: 'Nobody signs in at this MCP server: its "auth" is not of type "oauth".',
  },
  sign_in_expired: {
    kind: 'invalid',
    message: 'This sign-in has ended or was used already. Begin again: POST /api/v1/mcp-servers/:id/sign-in.',
  },
  sign_in_refused: { kind: 'forbidden', message: 'The authorization server did not let you in.' },
  upstream_list_refused: {
    kind: 'unprocessable',
    message: 'The list of tools of the MCP server cannot be taken.',
  },
  upstream_needs_client: {
    kind: 'unprocessable',
    message: 'The tool asked for input of a person, which is not passed on through this server.',
  },
});
