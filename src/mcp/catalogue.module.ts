import { Module } from '@nestjs/common';
import { ToolsModule } from '../tools/tools.module.js';
import { McpCatalogue, PROMPT_SOURCES, RESOURCE_SOURCES } from './catalogue.js';
import { McpChanges } from './changes.js';
import { ContentExtensions } from './content/content-extensions.js';

/** What /mcp offers, without a word about how a revision says it. */
@Module({
  imports: [ToolsModule],
  providers: [
    McpCatalogue,
    McpChanges,
    ContentExtensions,
    {
      provide: RESOURCE_SOURCES,
      inject: [ContentExtensions],
      useFactory: (extensions: ContentExtensions) => [extensions.resources],
    },
    {
      provide: PROMPT_SOURCES,
      inject: [ContentExtensions],
      useFactory: (extensions: ContentExtensions) => [extensions.prompts],
    },
  ],
  exports: [McpCatalogue, McpChanges],
})
export class CatalogueModule {}
