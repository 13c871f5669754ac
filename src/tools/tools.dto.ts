import { z } from 'zod';
import { PageQuery, pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';

export const ToolName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-"')
  .describe('Name of the tool.');

const Kind = z.enum(['builtin', 'http', 'openapi', 'sql', 'mcp', 'agent']);

export const Policy = z.strictObject({
  timeoutMs: z.int().min(1).max(600_000).describe('A call is ended after this time.'),
  retries: z
    .int()
    .min(0)
    .max(10)
    .describe('Tries after the first; only read-only and idempotent tools are retried.'),
  rateLimit: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .describe('Calls per minute and user; null is no limit.'),
  concurrency: z.int().min(1).max(1_000).describe('Calls at once in one process.'),
  cacheTtlMs: z
    .int()
    .min(0)
    .max(86_400_000)
    .describe('How long a result of a read-only tool may be given again; 0 is never.'),
  cacheScope: z
    .enum(['private', 'public'])
    .describe('Whom a cached result may be given to: who made the call, or everyone who may call.'),
  approval: z.enum(['never', 'destructive', 'always']).describe('When an agent has to wait for a person.'),
  maxResultBytes: z.int().min(1_024).max(10_485_760).describe('Longer texts are cut.'),
});

const Access = z.strictObject({
  roles: z.array(z.enum(['admin', 'member'])).max(2),
  users: z.array(z.uuid()).max(1_000),
  agents: z.array(z.string().min(1).max(64)).max(1_000),
});

const Contract = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  inputSchema: z.record(z.string(), z.unknown()),
  outputSchema: z.record(z.string(), z.unknown()).optional(),
  annotations: z.object({
    readOnlyHint: z.boolean().optional(),
    destructiveHint: z.boolean().optional(),
    idempotentHint: z.boolean().optional(),
    openWorldHint: z.boolean().optional(),
  }),
});

/** A tool as every door shows it. */
export const ToolView = named(
  'Tool',
  Contract.extend({
    kind: Kind,
    source: z.record(z.string(), z.unknown()),
    policy: z.object(Policy.shape),
    enabled: z.boolean(),
    requiredScopes: z.array(z.string()),
    access: z.object({ roles: z.array(z.string()), users: z.array(z.string()), agents: z.array(z.string()) }),
    version: z.int(),
    definitionHash: z.string().describe('SHA-256 over the canonical JSON (RFC 8785) of the definition.'),
    state: z.enum(['active', 'quarantined', 'unavailable']),
  }),
);
export const ToolPage = named('ToolPage', pageOf(ToolView));

export const ToolQuery = PageQuery.extend({
  q: z.string().max(200).optional().describe('Words that name, title or description must hold.'),
  kind: Kind.optional(),
  enabled: z.enum(['true', 'false']).optional(),
});
export type ToolQuery = z.infer<typeof ToolQuery>;

/** What an admin may change. Missing members stay as they are. */
export const ToolUpdate = named(
  'ToolUpdate',
  z.strictObject({
    enabled: z.boolean().optional(),
    policy: Policy.partial().optional(),
    access: Access.partial().optional(),
    requiredScopes: z.array(z.string().min(1).max(64)).max(20).optional(),
    title: z.string().min(1).max(200).optional().describe('Not for tools in code.'),
    description: z.string().min(1).max(4_096).optional().describe('Not for tools in code.'),
  }),
);
export type ToolUpdate = z.infer<typeof ToolUpdate>;

export const ToolVersionView = named(
  'ToolVersion',
  z.object({ version: z.int(), hash: z.string(), definition: Contract, createdAt: Timestamp }),
);
export const ToolVersionPage = named('ToolVersionPage', pageOf(ToolVersionView));

export const ReloadResult = named(
  'ToolReloadResult',
  z.object({
    tools: z.int().describe('Tools in the registry that are available now.'),
    problems: z
      .array(z.object({ file: z.string(), message: z.string() }))
      .describe('Extensions that were skipped, and how to mend them.'),
  }),
);
