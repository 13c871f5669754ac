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
    .describe('Name that the value was kept under, e.g. favourite-colour.'),
});
const Output = z.object({ key: z.string(), value: z.json(), expiresAt: z.string() });

@Injectable()
@CodeTool({
  name: 'session_context_get',
  title: 'Recall from the session',
  description: 'Recalls a value that was kept for this login session under a name.',
  input: Input,
  output: Output,
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
})
export class SessionContextGetTool implements Tool<z.output<typeof Input>, z.input<typeof Output>> {
  constructor(private readonly context: SessionContextService) {}

  async run({ key }: z.output<typeof Input>, { actor }: ToolContext): Promise<ToolResponse> {
    const entry = await this.context.get(actor, SESSION, key);
    const data = { key, value: entry.value, expiresAt: entry.expiresAt.toISOString() };
    return answer(`${key} is ${JSON.stringify(entry.value)}.`, data);
  }
}
