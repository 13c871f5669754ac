import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { type ToolContext } from '../tool.js';
import { ToolResults } from './tool-results.service.js';

const Input = z.object({
  id: z
    .string()
    .regex(/^(?:tool-result:\/\/)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be tool-result://<id>')
    .describe('The resource that a cut result names: tool-result://<id>.'),
  offset: z.int().min(0).max(10_000_000).default(0).describe('Characters to leave out. Default: 0.'),
  limit: z.int().min(1).max(50_000).default(20_000).describe('Characters at most. Default: 20,000.'),
});
type Input = z.output<typeof Input>;

const Output = z.object({
  text: z.string(),
  mimeType: z.string(),
  offset: z.int(),
  nextOffset: z.int().nullable().describe('Where to read on; null at the end.'),
  totalCharacters: z.int(),
});

@Injectable()
@CodeTool({
  name: 'read_result',
  title: 'Read a cut result',
  description:
    'Reads the whole result of an earlier tool call whose answer was cut, part by part. Takes the tool-result:// resource that the cut answer names.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
})
export class ReadResultTool implements Tool<Input, z.input<typeof Output>> {
  constructor(private readonly results: ToolResults) {}

  async run({ id, offset, limit }: Input, { actor }: ToolContext): Promise<ToolResponse> {
    const page = await this.results.read(actor, id.slice(-36), { offset, limit });
    const { text, mimeType, nextOffset, totalCharacters } = page;
    const more = nextOffset === null ? '' : `\n[goes on at offset ${nextOffset} of ${totalCharacters}]`;
    return answer(`${text}${more}`, { text, mimeType, offset, nextOffset, totalCharacters });
  }
}
