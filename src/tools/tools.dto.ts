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
/** One tool with what MCP clients would drop or misread in it. */
export const ToolDetails = named(
  'ToolDetails',
  ToolView.extend({
    warnings: z.array(z.string()).describe('What MCP clients and models would drop or misread.'),
  }),
);
export const ToolPage = named('ToolPage', pageOf(ToolView));

export const ToolQuery = PageQuery.extend({
  q: z
    .string()
    .max(200)
    .optional()
    .describe(
      'Words (or their beginnings) that name, title, description or parameters must hold; best match first.',
    ),
  kind: Kind.optional(),
  enabled: z.enum(['true', 'false']).optional(),
});
export type ToolQuery = z.infer<typeof ToolQuery>;

const Schema = z.record(z.string(), z.unknown()).describe('JSON Schema 2020-12 of type object.');
const Annotations = z.strictObject(Contract.shape.annotations.shape);
const Source = z
  .record(z.string(), z.unknown())
  .describe('Where calls go; what it holds depends on the kind.');
const RequiredScopes = z.array(z.string().min(1).max(64)).max(20);

/** A tool that an admin makes. What is missing gets the defaults of its kind. */
export const NewTool = named(
  'NewTool',
  z.strictObject({
    name: ToolName,
    kind: Kind,
    title: z.string().min(1).max(200).optional(),
    description: z
      .string()
      .min(1)
      .max(4_096)
      .describe('What it does and when to use it: models choose by it.'),
    inputSchema: Schema.default({ type: 'object', properties: {}, additionalProperties: false }),
    outputSchema: Schema.optional(),
    annotations: Annotations.default({}),
    source: Source,
    policy: Policy.partial().default({}),
    access: Access.partial().default({}),
    enabled: z.boolean().default(true),
    requiredScopes: RequiredScopes.default([]),
  }),
);
export type NewTool = z.infer<typeof NewTool>;

/** What an admin may change. Missing members stay as they are; the second half only of tools made by hand. */
export const ToolUpdate = named(
  'ToolUpdate',
  z.strictObject({
    enabled: z.boolean().optional(),
    policy: Policy.partial().optional(),
    access: Access.partial().optional(),
    requiredScopes: RequiredScopes.optional(),
    title: z.string().min(1).max(200).optional(),
    description: z.string().min(1).max(4_096).optional(),
    inputSchema: Schema.optional(),
    outputSchema: Schema.nullable().optional().describe('Null takes it away.'),
    annotations: Annotations.optional(),
    source: Source.optional(),
  }),
);
export type ToolUpdate = z.infer<typeof ToolUpdate>;

export const ToolVersionView = named(
  'ToolVersion',
  z.object({
    version: z.int(),
    hash: z.string(),
    definition: Contract,
    source: z.record(z.string(), z.unknown()).nullable(),
    current: z.boolean().describe('It is in use, or was when the tool was quarantined.'),
    offered: z.boolean().describe('The list that the tool is on offers it now; approve this one.'),
    createdAt: Timestamp,
  }),
);
export const ToolVersionPage = named('ToolVersionPage', pageOf(ToolVersionView));

export const VersionNumber = z.coerce.number().int().min(1).max(1_000_000).describe('Number of a version.');
export const DiffQuery = z.strictObject({
  against: VersionNumber.optional().describe('Compare with this version; default is the one in use.'),
});
export type DiffQuery = z.infer<typeof DiffQuery>;

/** What changed between two versions, and what of it deserves a look. */
export const ToolVersionDiff = named(
  'ToolVersionDiff',
  z.object({
    tool: z.string(),
    version: z.int(),
    against: z.int(),
    changes: z.array(
      z.object({
        op: z.enum(['add', 'remove', 'replace']),
        path: z.string().describe('JSON Pointer into the definition; "-" is a member of a list of texts.'),
        from: z.unknown().optional(),
        to: z.unknown().optional(),
        risk: z
          .enum([
            'text_changed',
            'required_added',
            'parameter_added',
            'choice_added',
            'annotation_widened',
            'source_changed',
          ])
          .nullable(),
      }),
    ),
  }),
);

export const RollbackRequest = named(
  'ToolRollbackRequest',
  z.strictObject({ version: z.int().min(1).max(1_000_000) }),
);
export type RollbackRequest = z.infer<typeof RollbackRequest>;

export const ReloadResult = named(
  'ToolReloadResult',
  z.object({
    tools: z.int().describe('Tools in the registry that are available now.'),
    problems: z
      .array(z.object({ file: z.string(), message: z.string() }))
      .describe('Extensions that were skipped, and how to mend them.'),
  }),
);
