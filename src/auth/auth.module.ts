import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Migrator } from '../platform/database/migrator.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AccountService } from './account.service.js';
import { AdminKeyFile } from './admin-key-file.service.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { FirstAdmin } from './first-admin.service.js';
import { LoginAttempts } from './login-attempts.service.js';
import { LoginService } from './login.service.js';
import { SigningKey } from './signing-key.entity.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SigningKeys } from './signing-keys.service.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [
    AuditModule,
    UsersModule,
    SessionsModule,
    JwtModule.register({}),
    TypeOrmModule.forFeature([SigningKey, ApiKey]),
  ],
  controllers: [AuthController, ApiKeysController],
  providers: [
    AccountService,
    AdminKeyFile,
    ApiKeysRepository,
    ApiKeysService,
    AuthService,
    FirstAdmin,
    LoginAttempts,
    LoginService,
    SigningKeys,
    SigningKeysRepository,
    TokensService,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AuthService, ApiKeysService, FirstAdmin],
})
export class AuthModule {
  constructor(migrator: Migrator, keys: SigningKeys, firstAdmin: FirstAdmin, adminKey: AdminKeyFile) {
    migrator.afterMigrations(() => keys.ensureOne());
    migrator.afterMigrations(() => firstAdmin.ensure());
    migrator.afterMigrations(() => adminKey.ensure());
  }
}
