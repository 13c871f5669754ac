import { z } from 'zod';
import { named } from '../../platform/http/openapi.js';
import { ToolVersionDiff } from '../tools.dto.js';

export const ExportQuery = z.strictObject({ format: z.enum(['yaml', 'json']).default('yaml') });
export type ExportQuery = z.infer<typeof ExportQuery>;

/** The registry as one file: `tools` made by hand in full, `settings` of all other tools, and what other parts add. */
export const RegistryDocument = named(
  'RegistryFile',
  z.looseObject({
    version: z.literal(1),
    tools: z.array(z.looseObject({ name: z.string() })).optional(),
    settings: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
);

export const ImportRequest = named(
  'RegistryImport',
  z.strictObject({
    document: z
      .union([z.string().max(256 << 10), z.record(z.string(), z.unknown())])
      .describe('The file: its text (YAML or JSON), or its value.'),
    dryRun: z.boolean().default(false).describe('Only say what would change.'),
    prune: z.boolean().default(false).describe('Delete what was made by hand and is not in the file.'),
  }),
);
export type ImportRequest = z.infer<typeof ImportRequest>;

const Action = z.enum(['added', 'changed', 'removed', 'unchanged', 'missing', 'refused']);

/** What the import changed, or would change. Nothing is applied while anything is refused. */
export const ImportResult = named(
  'RegistryImportResult',
  z.object({
    applied: z.boolean(),
    summary: z.record(Action, z.int()),
    changes: z.array(
      z.object({
        section: z.string(),
        name: z.string(),
        action: Action,
        changes: ToolVersionDiff.shape.changes.optional(),
        message: z.string().optional(),
        warnings: z.array(z.string()).optional(),
      }),
    ),
  }),
);
export type ImportResult = z.infer<typeof ImportResult>;
