import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { Migrator } from '../../platform/database/migrator.js';
import { EgressModule } from '../../platform/egress/egress.module.js';
import { RunsModule } from '../runs.module.js';
import { Webhook } from './webhook.entity.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookSender } from './webhook-sender.service.js';
import { WebhookWorker } from './webhook-worker.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [AuditModule, EgressModule, RunsModule, TypeOrmModule.forFeature([Webhook, WebhookDelivery])],
  controllers: [WebhooksController],
  providers: [WebhooksRepository, WebhooksService, WebhookSender, WebhookWorker],
})
export class WebhooksModule {
  constructor(migrator: Migrator, sender: WebhookSender) {
    migrator.afterMigrations(() => sender.reseal());
  }
}
