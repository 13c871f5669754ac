import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { Migrator } from '../platform/database/migrator.js';
import { ToolsModule } from '../tools/tools.module.js';
import { UsersModule } from '../users/users.module.js';
import { AgentRow, AgentVersionRow } from './agent.entity.js';
import { AgentExtensions } from './agent-extensions.service.js';
import { AgentGraph } from './agent-graph.js';
import { AgentSeeds } from './agent-seeds.service.js';
import { AgentTransfer } from './agent-transfer.service.js';
import { AgentTransfersController } from './agent-transfers.controller.js';
import { AgentsController } from './agents.controller.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';
import { AuthzController } from './authz.controller.js';
import { AuthzService } from './authz.service.js';
import { MemoriesController } from './memory/memories.controller.js';
import { MemoriesRepository } from './memory/memories.repository.js';
import { MemoriesService } from './memory/memories.service.js';
import { MemorySaveTool } from './memory/memory-save.tool.js';
import { MemorySearchTool } from './memory/memory-search.tool.js';
import { ChatModels } from './models/chat-models.service.js';
import { ModelPrices } from './models/model-prices.service.js';
import { ResponseCache } from './models/response-cache.service.js';
import { ModelsController } from './models/models.controller.js';

@Module({
  imports: [AuditModule, ToolsModule, UsersModule, TypeOrmModule.forFeature([AgentRow, AgentVersionRow])],
  controllers: [
    ...[AgentTransfersController, AgentsController, AuthzController],
    ...[ModelsController, MemoriesController],
  ],
  providers: [
    ...[
      AgentsRepository,
      AgentExtensions,
      AgentGraph,
      AgentSeeds,
      AgentTransfer,
      AgentsService,
      AuthzService,
    ],
    ...[ChatModels, ModelPrices, ResponseCache],
    ...[MemoriesRepository, MemoriesService, MemorySaveTool, MemorySearchTool],
  ],
  exports: [AgentExtensions, AgentsService, ChatModels, ModelPrices, ResponseCache, MemoriesService],
})
export class AgentsModule {
  constructor(migrator: Migrator, seeds: AgentSeeds) {
    migrator.afterMigrations(() => seeds.ensure());
  }
}
