import { z } from 'zod';
import { pageOf } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';
import { AGENT_PATTERNS } from './agent.js';
import { AGENT_FIELDS, AgentName } from './agent-spec.schema.js';

const shared = z
  .boolean()
  .optional()
  .describe(
    'Shared with everyone (admins only) or private. Default: shared for an admin, private for a member.',
  );

export const CreateAgentRequest = named(
  'CreateAgentRequest',
  z.strictObject({ name: AgentName, ...AGENT_FIELDS, title: AGENT_FIELDS.title.optional(), shared }),
);
export type CreateAgentRequest = z.infer<typeof CreateAgentRequest>;

/** Without defaults: what is absent stays as it is. `limits` and `memory` are given whole. */
export const UpdateAgentRequest = named(
  'UpdateAgentRequest',
  z.strictObject({
    title: AGENT_FIELDS.title.optional(),
    description: AGENT_FIELDS.description.optional(),
    instructions: AGENT_FIELDS.instructions.optional(),
    model: AGENT_FIELDS.model.unwrap().optional(),
    fallbackModels: AGENT_FIELDS.fallbackModels.unwrap().optional(),
    tools: AGENT_FIELDS.tools.unwrap().optional(),
    subAgents: AGENT_FIELDS.subAgents.unwrap().optional(),
    pattern: AGENT_FIELDS.pattern.unwrap().optional(),
    limits: AGENT_FIELDS.limits.unwrap().optional(),
    approval: AGENT_FIELDS.approval.unwrap().optional(),
    memory: AGENT_FIELDS.memory.unwrap().optional(),
    modelSettings: AGENT_FIELDS.modelSettings,
    variables: AGENT_FIELDS.variables,
    outputSchema: AGENT_FIELDS.outputSchema,
  }),
);
export type UpdateAgentRequest = z.infer<typeof UpdateAgentRequest>;

const SPEC = {
  name: z.string(),
  title: z.string(),
  description: z.string(),
  instructions: z.string(),
  model: z.string().nullable(),
  fallbackModels: z.array(z.string()),
  tools: z.array(z.string()),
  subAgents: z.array(z.string()),
  pattern: z.enum(AGENT_PATTERNS),
  limits: z.object({
    maxSteps: z.int(),
    maxToolCalls: z.int(),
    maxTokens: z.int(),
    maxCostUsd: z.number(),
    timeoutMs: z.int(),
  }),
  approval: z.enum(['never', 'destructive', 'always']),
  memory: z.object({ window: z.int(), summarise: z.boolean(), maxTokens: z.int().optional() }),
  modelSettings: z
    .object({
      temperature: z.number().optional(),
      maxOutputTokens: z.int().optional(),
      cacheSeconds: z.int().optional(),
    })
    .optional(),
  variables: z
    .record(
      z.string(),
      z.object({
        description: z.string(),
        default: z.string().optional(),
        required: z.boolean().optional(),
      }),
    )
    .optional(),
  outputSchema: z.record(z.string(), z.unknown()).nullable().optional(),
  version: z.int(),
  origin: z
    .enum(['seed', 'file', 'user'])
    .describe('Who wrote it: a release, a file in EXTENSIONS_DIR, a user.'),
};

export const Agent = named(
  'Agent',
  z.object({ ...SPEC, shared: z.boolean(), createdAt: Timestamp, updatedAt: Timestamp }),
);
export const AgentPage = named('AgentPage', pageOf(Agent));

export const AgentVersion = named(
  'AgentVersion',
  z.object({ ...SPEC, current: z.boolean(), createdAt: Timestamp }),
);
export const AgentVersionPage = named('AgentVersionPage', pageOf(AgentVersion));

export const RollbackAgentRequest = named(
  'RollbackAgentRequest',
  z.strictObject({ version: z.int().min(1).max(1_000_000) }),
);
export type RollbackAgentRequest = z.infer<typeof RollbackAgentRequest>;

export const ImportAgentRequest = named(
  'ImportAgentRequest',
  z.strictObject({
    yaml: z.string().min(1).max(65_536).describe('One agent, as GET agents/:name/export gives it.'),
    dryRun: z.boolean().default(false).describe('Checks and compares; keeps nothing.'),
    shared,
  }),
);
export type ImportAgentRequest = z.infer<typeof ImportAgentRequest>;

export const ImportedAgent = named(
  'ImportedAgent',
  z.object({
    name: z.string(),
    action: z.enum(['created', 'updated', 'unchanged']),
    changes: z.array(
      z.object({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() }),
    ),
    dryRun: z.boolean(),
  }),
);

export const ReloadedAgents = named(
  'ReloadedAgents',
  z.object({
    loaded: z.array(z.string()).describe('Agents of files that are in use.'),
    problems: z
      .array(z.object({ file: z.string(), message: z.string() }))
      .describe('Files that were skipped, and why.'),
  }),
);
