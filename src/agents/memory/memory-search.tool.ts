import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../../tools/define-tool.js';
import { type ToolContext } from '../../tools/tool.js';
import { answer } from '../../tools/tool-result.js';
import { MemoriesService } from './memories.service.js';

const Input = z.object({
  query: z.string().trim().min(1).max(500).describe('Words that the notes may hold.'),
  limit: z.int().min(1).max(50).default(10).describe('How many notes at most. Default: 10.'),
});
const Output = z.object({
  notes: z.array(z.object({ id: z.string(), text: z.string(), savedAt: z.string(), untrusted: z.boolean() })),
});

/** An agent that may use it is also shown the notes that fit a question (see RunEntry). */
export const MEMORY_SEARCH = 'memory_search';

@Injectable()
@CodeTool({
  name: MEMORY_SEARCH,
  title: 'Search notes',
  description:
    'Finds remembered notes about the user that this agent kept in earlier conversations, by words.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
})
export class MemorySearchTool implements Tool<z.output<typeof Input>, z.input<typeof Output>> {
  constructor(private readonly memories: MemoriesService) {}

  async run(
    { query, limit }: z.output<typeof Input>,
    { actor, agent = '' }: ToolContext,
  ): Promise<ToolResponse> {
    const found = await this.memories.recall(actor, agent, query, limit);
    const notes = found.map(({ id, text, createdAt, untrusted }) => ({
      ...{ id, text, untrusted },
      savedAt: createdAt.toISOString(),
    }));
    const lines = notes.map(({ text, savedAt }) => `- ${savedAt.slice(0, 10)}: ${text}`);
    return answer(lines.length === 0 ? 'No note holds these words.' : lines.join('\n'), { notes });
  }
}
