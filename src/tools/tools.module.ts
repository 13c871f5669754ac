import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { Migrator } from '../platform/database/migrator.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { EgressModule } from '../platform/egress/egress.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { CodeSearchTool } from './builtin/code-search.tool.js';
import { ConversationSearchTool } from './builtin/conversation-search.tool.js';
import { GitLogTool } from './builtin/git-log.tool.js';
import { GitShowTool } from './builtin/git-show.tool.js';
import { ReadFileTool } from './builtin/read-file.tool.js';
import { SearchToolsTool } from './builtin/search-tools.tool.js';
import { SessionContextGetTool } from './builtin/session-context-get.tool.js';
import { SessionContextSetTool } from './builtin/session-context-set.tool.js';
import { Git } from './builtin/workspace/git.js';
import { Workspaces } from './builtin/workspace/workspaces.js';
import { RegistryFile } from './registry-file/registry-file.service.js';
import { RegistryFileController } from './registry-file/registry-file.controller.js';
import { SettingsSection } from './registry-file/settings.section.js';
import { ToolsSection } from './registry-file/tools.section.js';
import { VaultModule } from './secrets/secrets.module.js';
import { HttpCaller } from './sources/http/http-caller.service.js';
import { DocumentReader } from './sources/openapi/document-reader.service.js';
import { OpenApiCompiler } from './sources/openapi/openapi-compiler.service.js';
import { OpenApiTools } from './sources/openapi/openapi-tools.source.js';
import { ToolImport } from './sources/openapi/tool-import.entity.js';
import { ToolImportsController } from './sources/openapi/tool-imports.controller.js';
import { ToolImportsRepository } from './sources/openapi/tool-imports.repository.js';
import { ImportDocuments } from './sources/openapi/import-documents.service.js';
import { ToolImportsSection } from './sources/openapi/tool-imports.section.js';
import { ToolImportsService } from './sources/openapi/tool-imports.service.js';
import { HttpTools } from './sources/http/http-tools.source.js';
import { CodeTools } from './sources/code/code-tools.source.js';
import { Extensions } from './sources/code/extensions.js';
import { SqlDatabasesController } from './sources/sql/sql-databases.controller.js';
import { SqlDatabasesSection } from './sources/sql/sql-databases.section.js';
import { SqlDatabasesService } from './sources/sql/sql-databases.service.js';
import { SqlTools } from './sources/sql/sql-tools.source.js';
import { ContractCheck } from './schema/contract-check.service.js';
import { SchemaProbe } from './schema/schema-probe.service.js';
import { ToolCallRow } from './tool-call.entity.js';
import { ToolCallRetention } from './tool-call-retention.service.js';
import { ToolCallsController } from './tool-calls.controller.js';
import { ToolCallsRepository } from './tool-calls.repository.js';
import { ToolCache } from './tool-cache.service.js';
import { ToolContexts } from './tool-contexts.service.js';
import { ToolEditor } from './tool-editor.service.js';
import { ToolEditsRepository } from './tool-edits.repository.js';
import { ToolVersions } from './tool-versions.service.js';
import { ToolVersionsController } from './tool-versions.controller.js';
import { ToolExecutor } from './tool-executor.service.js';
import { ToolSearch } from './tool-search.service.js';
import { ToolSets } from './tool-sets.service.js';
import { ToolSetsRepository } from './tool-sets.repository.js';
import { ToolGovernor } from './tool-governor.service.js';
import { ToolLimits } from './tool-limits.js';
import { ToolPlans } from './tool-plans.service.js';
import { ToolRecorder } from './tool-recorder.service.js';
import { ToolResilience } from './tool-resilience.service.js';
import { ToolResultsModule } from './tool-results/tool-results.module.js';
import { ToolRunner } from './tool-runner.service.js';
import { ToolRegistry } from './tool-registry.service.js';
import { ToolVersion } from './tool-version.entity.js';
import { ToolRow } from './tool.entity.js';
import { ToolsController } from './tools.controller.js';
import { ToolsRepository } from './tools.repository.js';
import { ToolsService } from './tools.service.js';
import { WorkspaceClones } from './workspaces/workspace-clones.service.js';
import { WorkspaceRow } from './workspaces/workspace.entity.js';
import { WorkspacesController } from './workspaces/workspaces.controller.js';
import { WorkspacesRepository } from './workspaces/workspaces.repository.js';
import { WorkspacesService } from './workspaces/workspaces.service.js';

@Module({
  imports: [
    AuditModule,
    ConversationsModule,
    SessionsModule,
    EgressModule,
    VaultModule,
    ToolResultsModule,
    DiscoveryModule,
    TypeOrmModule.forFeature([ToolRow, ToolVersion, ToolCallRow, ToolImport, WorkspaceRow]),
  ],
  controllers: [
    RegistryFileController,
    ToolsController,
    ToolVersionsController,
    ToolCallsController,
    SqlDatabasesController,
    ToolImportsController,
    WorkspacesController,
  ],
  providers: [
    CodeSearchTool,
    ConversationSearchTool,
    Git,
    GitLogTool,
    GitShowTool,
    ReadFileTool,
    RegistryFile,
    SchemaProbe,
    SettingsSection,
    ToolsSection,
    SearchToolsTool,
    SessionContextGetTool,
    SessionContextSetTool,
    Workspaces,
    CodeTools,
    ContractCheck,
    HttpCaller,
    HttpTools,
    DocumentReader,
    ImportDocuments,
    OpenApiCompiler,
    OpenApiTools,
    ToolImportsRepository,
    ToolImportsSection,
    ToolImportsService,
    Extensions,
    SqlDatabasesSection,
    SqlDatabasesService,
    SqlTools,
    ToolCallsRepository,
    ToolCallRetention,
    ToolCache,
    ToolContexts,
    ToolEditor,
    ToolEditsRepository,
    ToolVersions,
    ToolExecutor,
    ToolGovernor,
    ToolLimits,
    ToolPlans,
    ToolRecorder,
    ToolResilience,
    ToolRunner,
    ToolRegistry,
    ToolSearch,
    ToolSets,
    ToolSetsRepository,
    ToolsRepository,
    ToolsService,
    WorkspaceClones,
    WorkspacesRepository,
    WorkspacesService,
  ],
  exports: [ToolExecutor, ToolRegistry, ToolResultsModule, ToolsService],
})
export class ToolsModule {
  constructor(migrator: Migrator, registry: ToolRegistry) {
    migrator.afterMigrations(async () => {
      await registry.load();
    });
  }
}
