import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Migrator } from '../platform/database/migrator.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { FirstAdmin } from './first-admin.service.js';
import { SigningKey } from './signing-key.entity.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SigningKeys } from './signing-keys.service.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [UsersModule, SessionsModule, JwtModule.register({}), TypeOrmModule.forFeature([SigningKey])],
  controllers: [AuthController],
  providers: [
    AuthService,
    FirstAdmin,
    SigningKeys,
    SigningKeysRepository,
    TokensService,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [AuthService, FirstAdmin],
})
export class AuthModule {
  constructor(migrator: Migrator, keys: SigningKeys, firstAdmin: FirstAdmin) {
    migrator.afterMigrations(() => keys.ensureOne());
    migrator.afterMigrations(() => firstAdmin.ensure());
  }
}
