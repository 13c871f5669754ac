import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { UsersModule } from '../users/users.module.js';
import { ConversationSummariesRepository } from './conversation-summaries.repository.js';
import { ConversationEvents } from './conversation-events.service.js';
import { ConversationEventsController } from './conversation-events.controller.js';
import { AuditModule } from '../audit/audit.module.js';
import { Approval } from './approvals/approval.entity.js';
import { ApprovalsController } from './approvals/approvals.controller.js';
import { ApprovalsRepository } from './approvals/approvals.repository.js';
import { ApprovalRecords, ApprovalsService } from './approvals/approvals.service.js';
import { DirectApprovals } from './approvals/direct-approvals.service.js';
import { DirectApprovalsRepository } from './approvals/direct-approvals.repository.js';
import { BoundTools } from './approvals/bound-tools.service.js';
import { RunResumption } from './approvals/run-resumption.service.js';
import { ToolGate } from './approvals/tool-gate.service.js';
import { ConversationRunsController } from './conversation-runs.controller.js';
import { AgentLoop } from './engine/agent-loop.service.js';
import { AgentRunner } from './engine/agent-runner.service.js';
import { AgentTools } from './engine/agent-tools.service.js';
import { ModelCaller } from './engine/model-caller.service.js';
import { PromptBuilder } from './engine/prompt-builder.service.js';
import { RunEntry } from './engine/run-entry.service.js';
import { Summariser } from './engine/summariser.service.js';
import { RunCreation } from './run-creation.service.js';
import { RunDispatcher } from './run-dispatcher.service.js';
import { RunEndings } from './run-endings.service.js';
import { RunExecution } from './run-execution.service.js';
import { RunFinisher } from './run-finisher.service.js';
import { RunHistory } from './run-history.service.js';
import { RunHolder } from './run-holder.service.js';
import { RunIntake } from './run-intake.service.js';
import { RunLeasesRepository } from './run-leases.repository.js';
import { RunLogRepository } from './run-log.repository.js';
import { RunOwners } from './run-owners.service.js';
import { RunReconciler } from './run-reconciler.service.js';
import { RunRetentionRepository } from './run-retention.repository.js';
import { RunRetention } from './run-retention.service.js';
import { RunStarter } from './run-starter.js';
import { RunStreams } from './run-streams.service.js';
import { RunWorker, RunWorkerDrain } from './run-worker.service.js';
import { AgentSourceWatch } from './agent-source-watch.service.js';
import { AgentSource } from './agent.source.js';
import { Regenerations } from './regenerations.service.js';
import { RegenerationsController } from './regenerations.controller.js';
import { Run } from './run.entity.js';
import { RunsController } from './runs.controller.js';
import { RunsRepository } from './runs.repository.js';
import { RunsService } from './runs.service.js';
import { Schedule } from './schedules/schedule.entity.js';
import { ScheduleTicker } from './schedules/schedule-ticker.service.js';
import { ScheduledRuns } from './schedules/scheduled-runs.service.js';
import { SchedulesController } from './schedules/schedules.controller.js';
import { SchedulesRepository } from './schedules/schedules.repository.js';
import { SchedulesService } from './schedules/schedules.service.js';
import { Budgets } from './usage/budgets.service.js';
import { UsageController } from './usage/usage.controller.js';
import { UsageRepository } from './usage/usage.repository.js';
import { UsageService } from './usage/usage.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Run, Schedule, Approval]),
    AuditModule,
    UsersModule,
    ConversationsModule,
    ToolsModule,
    AgentsModule,
  ],
  controllers: [
    RunsController,
    ConversationRunsController,
    ConversationEventsController,
    RegenerationsController,
    UsageController,
    ApprovalsController,
    SchedulesController,
  ],
  providers: [
    ...[RunsRepository, RunLogRepository, RunLeasesRepository, ConversationSummariesRepository],
    ...[
      RunsService,
      RunIntake,
      RunCreation,
      RunEndings,
      RunHistory,
      Regenerations,
      ConversationEvents,
      RunStreams,
      RunStarter,
      RunDispatcher,
    ],
    ...[RunWorker, RunWorkerDrain, RunHolder, RunReconciler, RunExecution, RunFinisher],
    ...[UsageRepository, UsageService, Budgets, RunOwners],
    ...[SchedulesRepository, SchedulesService, ScheduledRuns, ScheduleTicker],
    ...[ApprovalsRepository, ApprovalsService, ApprovalRecords, BoundTools, RunResumption, ToolGate],
    ...[DirectApprovals, DirectApprovalsRepository],
    ...[RunRetention, RunRetentionRepository],
    ...[AgentSource, AgentSourceWatch],
    ...[RunEntry, AgentRunner, AgentLoop, AgentTools, ModelCaller, PromptBuilder, Summariser],
  ],
  exports: [RunsService, RunsRepository, RunIntake, RunStreams, ApprovalsService, DirectApprovals],
})
export class RunsModule {}
