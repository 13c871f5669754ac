import { VERSION } from '../config/version.js';

/** Who answers at /mcp, in both eras. */
export const SERVER_INFO = { name: 'mcp-server', title: 'mcp-server', version: VERSION } as const;

export const INSTRUCTIONS = [
  'Tools, conversations and agents of one user of this server.',
  'Call a tool by its name; a tool named ask_<agent> hands the task to that agent.',
  'Each prompt starts a task with the agent of the same name.',
  'Resources: conversation://<id> is the text of one conversation, agent://<name> says what an agent does,',
  'approval://<id> is a tool call that waits for the word of the user.',
].join(' ');

/** The largest body that /mcp reads. [S30] */
export const MCP_BODY_LIMIT = 1 << 20;

/** Entries of one page of a list. Large, because many clients read only the first page. */
export const LIST_PAGE = 250;
