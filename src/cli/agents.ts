import { type Command } from 'commander';
import { type CliEnv } from '../config/cli-env.js';
import { registerAgentFiles } from './agents-file.js';
import { contextOf } from './context.js';
import { everything } from './pages.js';

interface Agent {
  readonly name: string;
  readonly title: string;
  readonly pattern: string;
  readonly model: string | null;
  readonly tools: readonly string[];
  readonly subAgents: readonly string[];
}

export function registerAgents(program: Command, env: CliEnv): void {
  const agents = program.command('agents').description('the agents that answer');

  agents
    .command('list')
    .description('all agents that you may use')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.list(await everything<Agent>(api, '/api/v1/agents'), {
        name: (agent) => agent.name,
        pattern: (agent) => agent.pattern,
        'sub-agents': (agent) => agent.subAgents.join(' ') || '-',
        tools: (agent) => agent.tools.join(' ') || '-',
        title: (agent) => agent.title,
      });
    });

  agents
    .command('show <name>')
    .description('one agent')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.get<Record<string, unknown>>(`/api/v1/agents/${encodeURIComponent(name)}`));
    });

  agents
    .command('reload')
    .description('read the agents of the extensions folder again')
    .action(async (_options: unknown, command: Command) => {
      const { api, out } = contextOf(command, env);
      out.show(await api.post<Record<string, unknown>>('/api/v1/agents/reload'));
    });

  registerAgentFiles(agents, env);
}
