import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatalogueModule } from '../catalogue.module.js';
import { LegacySessions } from './legacy-sessions.service.js';
import { McpSession } from './mcp-session.entity.js';
import { McpSessionsRepository } from './mcp-sessions.repository.js';

/** Revisions 2024-11-05 to 2025-11-25. Delete this folder, and its lines in the router and its module, when they end. */
@Module({
  imports: [CatalogueModule, TypeOrmModule.forFeature([McpSession])],
  providers: [LegacySessions, McpSessionsRepository],
  exports: [LegacySessions],
})
export class V2025Module {}
