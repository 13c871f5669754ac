import { z } from 'zod';
import { named } from '../../platform/http/openapi.js';
import { ToolVersionDiff } from '../tools.dto.js';

export const ExportQuery = z.strictObject({ format: z.enum(['yaml', 'json']).default('yaml') });
export type ExportQuery = z.infer<typeof ExportQuery>;

const Entries = z.array(z.looseObject({ name: z.string() })).optional();
/** With several OpenAPI documents inside. */
const MAX_TEXT = 3 << 20;

/** The registry as one file. Secrets are named, never held. */
export const RegistryDocument = named(
  'RegistryFile',
  z.looseObject({
    version: z.literal(1),
    sqlDatabases: Entries.describe('Databases of the operator that `tools` ask; they must be here already.'),
    tools: Entries.describe('Tools made by hand, in full, as POST /api/v1/tools takes them.'),
    openapiImports: Entries.describe(
      'As POST /api/v1/tool-imports/openapi takes them, by url or with the document as a text.',
    ),
    mcpServers: Entries.describe('As POST /api/v1/mcp-servers takes them, with `enabled`.'),
    settings: Entries.describe('Policy, access, scopes and `enabled` of all other tools.'),
  }),
);

export const ImportRequest = named(
  'RegistryImport',
  z.strictObject({
    document: z
      .union([z.string().max(MAX_TEXT), z.record(z.string(), z.unknown())], {
        error: 'must be the file as a text of at most 3 MiB, or as an object',
      })
      .describe('The file: its text (YAML or JSON), or a small one as its value.'),
    dryRun: z.boolean().default(false).describe('Only say what would change.'),
    prune: z.boolean().default(false).describe('Delete what a section of the file does not name.'),
  }),
);
export type ImportRequest = z.infer<typeof ImportRequest>;

const Action = z.enum(['added', 'changed', 'removed', 'unchanged', 'missing', 'refused']);

/**
 * What the import changed, or would change. Nothing is applied while anything is refused; `applied` with refused changes
 * says that these failed on the way, and a second import goes on with them.
 */
export const ImportResult = named(
  'RegistryImportResult',
  z.object({
    applied: z.boolean(),
    summary: z.record(Action, z.int()),
    changes: z.array(
      z.object({
        section: z.string(),
        name: z.string(),
        path: z.string().optional().describe('JSON Pointer to the entry in the file.'),
        action: Action,
        changes: ToolVersionDiff.shape.changes.optional(),
        message: z.string().optional(),
        warnings: z.array(z.string()).optional(),
      }),
    ),
  }),
);
export type ImportResult = z.infer<typeof ImportResult>;
