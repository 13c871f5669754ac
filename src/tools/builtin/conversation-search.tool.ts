import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ConversationsService } from '../../conversations/conversations.service.js';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { type ToolContext } from '../tool.js';

const Input = z.object({
  query: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .describe('Words to find in titles and messages of earlier conversations, e.g. quarterly report.'),
  limit: z.int().min(1).max(50).default(10).describe('How many conversations at most. Default: 10.'),
});
type Input = z.output<typeof Input>;

const Output = z.object({
  conversations: z.array(z.object({ id: z.string(), title: z.string().nullable(), updatedAt: z.string() })),
  truncated: z.boolean().describe('There are more; narrow the words.'),
});

@Injectable()
@CodeTool({
  name: 'conversation_search',
  title: 'Search conversations',
  description: "Finds the caller's earlier conversations and chats by words in their titles and messages.",
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  requiredScopes: ['conversations'],
})
export class ConversationSearchTool implements Tool<Input, z.input<typeof Output>> {
  constructor(private readonly conversations: ConversationsService) {}

  async run({ query, limit }: Input, { actor }: ToolContext): Promise<ToolResponse> {
    const page = await this.conversations.list(actor, { q: query, limit, archived: false });
    const conversations = page.items.map(({ id, title, updatedAt }) => ({
      id,
      title,
      updatedAt: updatedAt.toISOString(),
    }));
    const data = { conversations, truncated: page.nextCursor !== null };
    const lines = conversations.map(
      ({ id, title, updatedAt }) => `${updatedAt.slice(0, 10)} ${title ?? '(no title)'} (${id})`,
    );
    const head = `${lines.length} ${lines.length === 1 ? 'conversation holds' : 'conversations hold'} "${query}".`;
    return answer([head, ...lines].join('\n'), data);
  }
}
