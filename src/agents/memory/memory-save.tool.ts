import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../../tools/define-tool.js';
import { type ToolContext } from '../../tools/tool.js';
import { answer } from '../../tools/tool-result.js';
import { MemoriesService } from './memories.service.js';

const Input = z.object({
  text: z
    .string()
    .trim()
    .min(1)
    .max(2000)
    .describe('The note, one fact in a sentence that is understood without the conversation.'),
});
const Output = z.object({ id: z.string() });

@Injectable()
@CodeTool({
  name: 'memory_save',
  title: 'Remember a note',
  description:
    'Remembers a lasting note about the user for later conversations with this agent, such as a preference or a name.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
})
export class MemorySaveTool implements Tool<z.output<typeof Input>, z.input<typeof Output>> {
  constructor(private readonly memories: MemoriesService) {}

  async run({ text }: z.output<typeof Input>, context: ToolContext): Promise<ToolResponse> {
    const { actor, agent = '', runId = null, step = null } = context;
    // What a model writes may have been dictated by anything that it read.
    const untrusted = agent !== '' || runId !== null;
    const id = await this.memories.save(actor, { agent, text, runId, step, untrusted });
    return answer('The note is kept.', { id });
  }
}
