import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { ProbesController } from './probes.controller.js';
import { StatusService } from './status.service.js';

@Module({
  // A failed probe is an answer; whoever asks decides whether it is worth a log line.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController, ProbesController],
  providers: [HealthService, StatusService],
})
export class HealthModule {}
