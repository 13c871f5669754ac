import { Module } from '@nestjs/common';
import { ToolsModule } from '../tools/tools.module.js';
import { CatalogueModule } from './catalogue.module.js';
import { McpController } from './mcp.controller.js';
import { McpRouter } from './mcp-router.js';
import { ToolListWatch } from './tool-list-watch.js';
import { ModernDoor } from './v2026/modern-door.service.js';
import { ProtectedResourceController } from './protected-resource.controller.js';
import { V2025Module } from './v2025/v2025.module.js';

@Module({
  imports: [CatalogueModule, ToolsModule, V2025Module],
  controllers: [McpController, ProtectedResourceController],
  providers: [McpRouter, ModernDoor, ToolListWatch],
})
export class McpModule {}
