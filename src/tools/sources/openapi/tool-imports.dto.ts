import { z } from 'zod';
import { pageOf } from '../../../common/page.js';
import { Timestamp } from '../../../common/timestamp.js';
import { named } from '../../../platform/http/openapi.js';
import { ImportOptions } from './import-options.schema.js';

export const ImportName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-"')
  .describe('Name of the import.');

const Source = ImportOptions.extend({
  name: ImportName.describe('The same name again replaces what it brought before.'),
  url: z.string().min(1).max(2_000).optional().describe('Where the document is.'),
  document: z
    .union(
      [
        z
          .string()
          .min(2)
          .max(2 << 20),
        z.record(z.string(), z.unknown()),
      ],
      { error: 'must be the document as a text of at most 2 MiB, or as an object' },
    )
    .optional()
    .describe('The document itself: JSON or YAML as a text, or a small one as an object.'),
});

function hasOneSource({ url, document }: { url?: unknown; document?: unknown }): boolean {
  return (url === undefined) !== (document === undefined);
}
const TWO_SOURCES = { path: ['url'], message: 'give either url or document' };

/** What is imported, from where, by which choices. */
export const ImportSource = Source.refine(hasOneSource, TWO_SOURCES);
export type ImportSource = z.infer<typeof ImportSource>;

export const OpenApiImportRequest = named(
  'OpenApiImportRequest',
  Source.extend({
    dryRun: z.boolean().default(false).describe('Only says what would be made.'),
  }).refine(hasOneSource, TWO_SOURCES),
);
export type OpenApiImportRequest = z.infer<typeof OpenApiImportRequest>;

/** What an import made, or would make. */
export const ImportReport = named(
  'ToolImportReport',
  z.object({
    name: z.string(),
    dryRun: z.boolean(),
    made: z
      .array(z.object({ tool: z.string(), operation: z.string() }))
      .describe('Tools that are there now.'),
    refused: z.array(z.object({ operation: z.string(), reason: z.string() })),
    vanished: z.array(z.string()).describe('Tools of an earlier import that the document no longer has.'),
    warnings: z.array(z.object({ operation: z.string(), message: z.string() })),
  }),
);
export type ImportReport = z.infer<typeof ImportReport>;

export const ToolImportView = named(
  'ToolImport',
  z.object({
    name: z.string(),
    url: z.string().nullable(),
    title: z.string().describe('Of the document.'),
    options: ImportOptions,
    tools: z.int(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export const ToolImportPage = named('ToolImportPage', pageOf(ToolImportView));
