import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { McpCatalogue, PROMPT_SOURCES, RESOURCE_SOURCES } from './catalogue.js';
import { McpChanges } from './changes.js';
import { AgentContent } from './content/agents.source.js';
import { ContentExtensions } from './content/content-extensions.js';
import { ConversationResources } from './content/conversations.source.js';
import { ApprovalResources } from './content/approvals.source.js';
import { ToolResultResources } from './content/tool-results.source.js';
import { McpToolCalls } from './tool-calls.service.js';

/** What /mcp offers, without a word about how a revision says it. */
@Module({
  imports: [ToolsModule, ConversationsModule, AgentsModule, RunsModule],
  providers: [
    McpCatalogue,
    McpToolCalls,
    McpChanges,
    AgentContent,
    ApprovalResources,
    ContentExtensions,
    ConversationResources,
    ToolResultResources,
    {
      provide: RESOURCE_SOURCES,
      inject: [
        ConversationResources,
        AgentContent,
        ContentExtensions,
        ToolResultResources,
        ApprovalResources,
      ],
      useFactory: (
        conversations: ConversationResources,
        agents: AgentContent,
        extensions: ContentExtensions,
        results: ToolResultResources,
        approvals: ApprovalResources,
      ) => [conversations, agents.resources, extensions.resources, results, approvals],
    },
    {
      provide: PROMPT_SOURCES,
      inject: [AgentContent, ContentExtensions],
      useFactory: (agents: AgentContent, extensions: ContentExtensions) => [
        agents.prompts,
        extensions.prompts,
      ],
    },
  ],
  exports: [McpCatalogue, McpChanges],
})
export class CatalogueModule {}
