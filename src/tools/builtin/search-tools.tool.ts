import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { ToolsService } from '../tools.service.js';
import { type JsonSchema, type ToolContext, type ToolDefinition } from '../tool.js';

const MAX_DESCRIPTION = 500;

const Input = z.object({
  query: z.string().trim().min(1).max(200).describe('What the tool should do, in a few words.'),
  limit: z.int().min(1).max(50).default(10).describe('How many tools at most. Default: 10.'),
});
type Input = z.output<typeof Input>;

const Output = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      parameters: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          required: z.boolean(),
          description: z.string().optional(),
        }),
      ),
    }),
  ),
});
type Found = z.output<typeof Output>['tools'][number];

@Injectable()
@CodeTool({
  name: 'search_tools',
  title: 'Search tools',
  description:
    'Finds tools of this server by what they do, when there are too many to list. Gives their names, descriptions and parameters; only tools that may be called.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
})
export class SearchToolsTool implements Tool<Input, z.input<typeof Output>> {
  constructor(private readonly tools: ToolsService) {}

  async run({ query, limit }: Input, { actor, agent, agentTools }: ToolContext): Promise<ToolResponse> {
    const tools = (await this.tools.searchCallable({ actor, agent, agentTools }, query, limit)).map(summary);
    const lines = tools.map(({ name, description, parameters }) => {
      const list = parameters.map((parameter) => `${parameter.name}${parameter.required ? '' : '?'}`);
      return `${name}(${list.join(', ')}): ${description}`;
    });
    const head = tools.length === 0 ? `No tool fits "${query}".` : `Tools that fit "${query}":`;
    return answer([head, ...lines].join('\n'), { tools });
  }
}

function summary({ name, title, description, inputSchema }: ToolDefinition): Found {
  const required = new Set(inputSchema.required as string[] | undefined);
  const properties = Object.entries((inputSchema.properties ?? {}) as Record<string, JsonSchema>);
  return {
    name,
    title,
    description: description.slice(0, MAX_DESCRIPTION),
    parameters: properties.map(([key, schema]) => ({
      name: key,
      type: typeof schema.type === 'string' ? schema.type : 'any',
      required: required.has(key),
      ...(typeof schema.description === 'string' && { description: schema.description }),
    })),
  };
}
