import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { RefreshTokens } from './refresh-tokens.service.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [AuditModule, TypeOrmModule.forFeature([Session])],
  controllers: [SessionsController],
  providers: [RefreshTokens, SessionsRepository, SessionsService],
  exports: [RefreshTokens, SessionsService],
})
export class SessionsModule {}
