import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ReadResultTool } from './read-result.tool.js';
import { ToolResultRow } from './tool-result.entity.js';
import { ToolResultsController } from './tool-results.controller.js';
import { ToolResultsRepository } from './tool-results.repository.js';
import { ToolResults } from './tool-results.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ToolResultRow])],
  controllers: [ToolResultsController],
  providers: [ReadResultTool, ToolResults, ToolResultsRepository],
  exports: [ToolResults],
})
export class ToolResultsModule {}
