import { Injectable } from '@nestjs/common';
import { type AgentDefinition } from '../../agents/agent.js';
import { AgentsService } from '../../agents/agents.service.js';
import { type Actor } from '../../common/actor.js';
import {
  type PromptListing,
  type PromptResult,
  type PromptSource,
  type ResourceContents,
  type ResourceListing,
  type ResourceSource,
  type Exchange,
} from '../catalogue.types.js';
import { matchTemplate } from './uri-template.js';

const TEMPLATE = 'agent://{name}';
const LISTED = 100;

/** The agents that an MCP caller sees: as resources (`agent://<name>`) and as prompts. Needs the scope `agents:read`. */
@Injectable()
export class AgentContent {
  constructor(private readonly agents: AgentsService) {}

  readonly resources: ResourceSource = {
    templates: () => [
      {
        uriTemplate: TEMPLATE,
        name: 'agent',
        title: 'Agent',
        description: 'What an agent of this server does: its instructions, tools and sub-agents.',
        mimeType: 'application/json',
      },
    ],
    list: async (actor) => (await this.visible(actor)).map(toResource),
    read: (actor, uri) => this.read(actor, uri),
    complete: async (actor, template, variable, value) =>
      template === TEMPLATE && variable === 'name'
        ? (await this.visible(actor)).map(({ name }) => name).filter((name) => name.startsWith(value))
        : [],
  };

  readonly prompts: PromptSource = {
    list: async (actor) => (await this.visible(actor)).map(toPrompt),
    get: (name, args, exchange) => this.prompt(name, args, exchange),
  };

  private async read(actor: Actor, uri: string): Promise<readonly ResourceContents[] | undefined> {
    const name = matchTemplate(TEMPLATE, uri)?.name;
    const agent = (await this.visible(actor)).find((candidate) => candidate.name === name);
    if (agent === undefined) return undefined;
    const { title, description, instructions, tools, subAgents, pattern, version } = agent;
    const text = JSON.stringify(
      { name, title, description, instructions, tools, subAgents, pattern, version },
      undefined,
      2,
    );
    return [{ uri, mimeType: 'application/json', text }];
  }

  /** The task in the words of the agent, for the model of the client. */
  private async prompt(
    name: string,
    { task = '' }: Readonly<Record<string, string>>,
    { actor }: Exchange,
  ): Promise<PromptResult | undefined> {
    const agent = (await this.visible(actor)).find((candidate) => candidate.name === name);
    if (agent === undefined) return undefined;
    const text = `${agent.instructions}\n\nTask: ${task}`;
    return { description: agent.description, messages: [{ role: 'user', content: { type: 'text', text } }] };
  }

  private async visible(actor: Actor): Promise<readonly AgentDefinition[]> {
    if (!actor.scopes.has('agents:read')) return [];
    return (await this.agents.list(actor, { limit: LISTED })).items;
  }
}

function toResource({ name, title, description }: AgentDefinition): ResourceListing {
  return { uri: `agent://${name}`, name, title, description, mimeType: 'application/json' };
}

function toPrompt({ name, title, description }: AgentDefinition): PromptListing {
  const task = { name: 'task', description: 'What the agent should do.', required: true };
  return { name, title, description, arguments: [task] };
}
