import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { EgressModule } from '../../platform/egress/egress.module.js';
import { AuthorisedFetch } from './authorised-fetch.js';
import { SecretRow } from './secret.entity.js';
import { SecretVault } from './secret-vault.service.js';
import { SecretsController } from './secrets.controller.js';
import { CallEgress } from './call-egress.js';
import { SecretsRepository } from './secrets.repository.js';
import { SecretsService } from './secrets.service.js';

/** The vault: named secrets, bound to origins, put in at egress only. */
@Module({
  imports: [AuditModule, EgressModule, TypeOrmModule.forFeature([SecretRow])],
  controllers: [SecretsController],
  providers: [AuthorisedFetch, CallEgress, SecretVault, SecretsRepository, SecretsService],
  exports: [AuthorisedFetch, CallEgress, SecretVault],
})
export class VaultModule {}
