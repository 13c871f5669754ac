import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { SessionContextService } from '../../sessions/session-context.service.js';
import { CodeTool, type Tool, type ToolResponse } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { type ToolContext } from '../tool.js';

/** The login session that the call came by; a caller with an API key has none. */
const SESSION = 'current';

const Input = z.object({
  key: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/)
    .describe('Name of the value: letters, digits, dots, dashes, underscores, e.g. favourite-colour.'),
  value: z.string().max(60_000).describe('Text to keep.'),
  ttlSeconds: z.int().min(1).max(86_400).default(3_600).describe('Seconds to keep it. Default: one hour.'),
});
const Output = z.object({ key: z.string(), expiresAt: z.string() });

@Injectable()
@CodeTool({
  name: 'session_context_set',
  title: 'Keep for the session',
  description: 'Keeps a text for this login session under a name, for a while, to be recalled later.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
})
export class SessionContextSetTool implements Tool<z.output<typeof Input>, z.input<typeof Output>> {
  constructor(private readonly context: SessionContextService) {}

  async run(
    { key, value, ttlSeconds }: z.output<typeof Input>,
    { actor }: ToolContext,
  ): Promise<ToolResponse> {
    const { expiresAt } = await this.context.put(actor, SESSION, key, value, ttlSeconds);
    const data = { key, expiresAt: expiresAt.toISOString() };
    return answer(`Kept ${key} until ${data.expiresAt}.`, data);
  }
}
