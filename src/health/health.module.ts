import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Queue } from '../platform/queue/queue.js';
import { type Counts, StatusReport } from '../platform/telemetry/status-report.js';
import { RUN_QUEUE } from '../runs/run-dispatcher.service.js';
import { RunsModule } from '../runs/runs.module.js';
import { RunsService } from '../runs/runs.service.js';
import { ToolRegistry } from '../tools/tool-registry.service.js';
import { ToolsModule } from '../tools/tools.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { ProbesController } from './probes.controller.js';
import { StatusService } from './status.service.js';

@Module({
  // A failed probe is an answer; whoever asks decides whether it is worth a log line.
  imports: [TerminusModule.forRoot({ logger: false }), RunsModule, ToolsModule],
  controllers: [HealthController, ProbesController],
  providers: [HealthService, StatusService],
})
export class HealthModule {
  constructor(report: StatusReport, runs: RunsService, queue: Queue, tools: ToolRegistry) {
    report.add('runs', () => runs.statistics());
    report.add('queue', async () => ({ waiting: await queue.waiting(RUN_QUEUE) }));
    report.add('tools', async () => countTools(await tools.all()));
  }
}

/** Tools by kind, and how many of all can be called. */
function countTools(tools: Awaited<ReturnType<ToolRegistry['all']>>): Counts {
  const counts: Record<string, number> = { total: tools.length, callable: 0 };
  for (const { definition } of tools) {
    counts[definition.kind] = (counts[definition.kind] ?? 0) + 1;
    if (definition.enabled && definition.state === 'active') counts.callable = (counts.callable ?? 0) + 1;
  }
  return counts;
}
