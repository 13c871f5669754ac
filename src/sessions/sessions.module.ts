import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { RefreshTokens } from './refresh-tokens.service.js';
import { SessionContextController } from './session-context.controller.js';
import { SessionContextEntry } from './session-context.entity.js';
import { SessionContextRepository } from './session-context.repository.js';
import { SessionContextService } from './session-context.service.js';
import { SessionOwnerCache } from './session-owner-cache.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [AuditModule, TypeOrmModule.forFeature([Session, SessionContextEntry])],
  controllers: [SessionsController, SessionContextController],
  providers: [
    RefreshTokens,
    SessionContextRepository,
    SessionContextService,
    SessionOwnerCache,
    SessionsRepository,
    SessionsService,
  ],
  exports: [RefreshTokens, SessionContextService, SessionsService],
})
export class SessionsModule {}
