import { defineErrors } from '../common/app-error.js';

export const AgentErrors = defineErrors({
  agent_not_found: { kind: 'not_found', message: 'There is no such agent. GET /api/v1/agents lists them.' },
  agent_version_not_found: { kind: 'not_found', message: 'The agent has no such version.' },
  agent_exists: { kind: 'conflict', message: 'An agent with this name exists already; choose another name.' },
  agent_is_shared: { kind: 'forbidden', message: 'Shared agents are managed by admins.' },
  agent_is_a_file: {
    kind: 'conflict',
    message:
      'This agent comes from a file in EXTENSIONS_DIR: change the file, then POST /api/v1/agents/reload.',
  },
  agent_in_use: {
    kind: 'conflict',
    message: 'Another agent lists this one in its subAgents; change that one first.',
  },
  agent_cycle: { kind: 'unprocessable', message: 'An agent must not reach itself through its subAgents.' },
  invalid_variables: {
    kind: 'unprocessable',
    message: 'The variables are not those that the agent declares.',
  },
  too_many_agents: { kind: 'unprocessable', message: 'You have 200 private agents; delete one first.' },
});
