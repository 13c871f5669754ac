import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AGENT_PATTERNS, type AgentSpec } from './agent.js';

const AGENT_NAME = /^[a-z0-9][a-z0-9_-]{0,57}$/;

export const AgentName = z
  .string()
  .regex(AGENT_NAME, 'must be 1 to 58 of a-z, 0-9, _ and -, and start with a letter or digit')
  .describe('Unique; the tool of another agent that asks this one is ask_<name>.');

const ModelId = z
  .string()
  .max(200)
  .regex(/^[a-z0-9_-]+:\S+$/, 'must be <provider>:<model>, e.g. openai:gpt-5-mini')
  .describe('<provider>:<model>, see GET /api/v1/models.');

const integer = (min: number, max: number, standard: number) => z.int().min(min).max(max).default(standard);

const Limits = z.strictObject({
  maxSteps: integer(1, 500, 40),
  maxToolCalls: integer(0, 500, 40),
  maxTokens: integer(1000, 10_000_000, 200_000),
  maxCostUsd: z.number().min(0).max(1000).default(1),
  timeoutMs: integer(1000, 3_600_000, 300_000),
});

const Memory = z.strictObject({
  window: integer(1, 200, 40).describe('Messages of the conversation that the agent is given.'),
  summarise: z.boolean().default(false).describe('Summarise what is older than the window.'),
  maxTokens: z
    .int()
    .min(1000)
    .max(10_000_000)
    .optional()
    .describe('Estimated tokens of a prompt, for models whose context is not about 128,000. Default 96000.'),
});

const ModelSettings = z
  .strictObject({
    temperature: z.number().min(0).max(2).optional().describe('0 for the same answer every time.'),
    maxOutputTokens: z.int().min(1).max(1_000_000).optional().describe('Longest answer of the model.'),
    cacheSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe(
        'With temperature 0: how long the answer to an identical call of the same user is used again; 0 never. Default: MODEL_CACHE_SECONDS.',
      ),
  })
  .describe('How the model is asked; what is absent is the default of its provider.');

const Variables = z
  .record(
    z.string().regex(/^[a-z][A-Za-z0-9_]{0,39}$/, 'must be a name of letters, digits and _, e.g. audience'),
    z.strictObject({
      description: z.string().trim().min(1).max(500),
      default: z.string().max(4000).optional(),
      required: z.boolean().optional(),
    }),
  )
  .refine((all) => Object.keys(all).length <= 20, 'must have at most 20 variables')
  .describe('What runs may give for {{name}} in the instructions: plain text, never evaluated.');

const names = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max)
    .refine((values) => new Set(values).size === values.length, 'must not name anything twice');

/** The fields of an agent as a client or a file gives them, with defaults. */
export const AGENT_FIELDS = {
  title: z.string().trim().min(1).max(100),
  description: z
    .string()
    .trim()
    .min(1)
    .max(1000)
    .describe('What it is good for. Supervisors choose by this text.'),
  instructions: z
    .string()
    .max(32_000)
    .describe('System prompt. {{agent}}, {{title}}, {{date}} and the declared variables are replaced.'),
  model: ModelId.nullable().default(null).describe('Null is LLM_MODEL.'),
  fallbackModels: names(
    ModelId.refine((id) => !id.startsWith('builtin:'), 'must be an LLM: rules never stand in for one'),
    5,
  )
    .default([])
    .describe('Tried in order when the model is not available.'),
  tools: names(z.string().regex(/^[A-Za-z0-9_*-]{1,64}$/, 'must be a tool name or a glob with *'), 100)
    .default([])
    .describe('Allow list of tool names and globs; empty is no tools.'),
  subAgents: names(AgentName, 20).default([]).describe('Agents that this one may ask.'),
  pattern: z.enum(AGENT_PATTERNS).default('single'),
  limits: Limits.prefault({}),
  approval: z
    .enum(['never', 'destructive', 'always'])
    .default('destructive')
    .describe('Which tool calls wait for a decision of the user.'),
  memory: Memory.prefault({}),
  modelSettings: ModelSettings.optional(),
  variables: Variables.optional(),
  outputSchema: z
    .record(z.string(), z.unknown())
    .nullable()
    .optional()
    .describe('JSON Schema 2020-12 of an object: the answer is one JSON value that fits it.'),
};

/** A whole agent, as POST takes it and a *.agent.yaml holds it. Unknown fields are refused. */
export const AgentSpecSchema = z
  .strictObject({ name: AgentName, ...AGENT_FIELDS, title: AGENT_FIELDS.title.optional() })
  .transform((spec): AgentSpec => ({ ...spec, title: spec.title ?? spec.name }));

/** The same hash for the same agent, whatever the order of its keys. */
export function specHash(spec: AgentSpec): string {
  return createHash('sha256').update(canonical(spec)).digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
