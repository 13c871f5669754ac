import { Inject, Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { ENV, type Env } from '../config/env.js';
import { COMMIT, VERSION } from '../config/version.js';
import { Migrator } from '../platform/database/migrator.js';
import { Draining } from '../platform/http/draining.js';
import { StatusReport } from '../platform/telemetry/status-report.js';
import { type StatusDocument } from './health.dto.js';
import { HealthService } from './health.service.js';

/** What the service says about itself in detail. */
@Injectable()
export class StatusService {
  constructor(
    @Inject(ENV) private readonly env: Env,
    private readonly health: HealthService,
    private readonly migrator: Migrator,
    private readonly draining: Draining,
    private readonly report: StatusReport,
  ) {}

  /** Without an actor only the coarse part. */
  async read(actor: Actor | undefined): Promise<StatusDocument> {
    const dependencies = await this.health.dependencies();
    const coarse = {
      status: this.health.statusOf(dependencies),
      version: VERSION,
      uptimeSeconds: Math.floor(process.uptime()),
    };
    if (actor === undefined) return coarse;
    const [migrations, counts] = await Promise.all([this.migrations(), this.report.read()]);
    const { ROLE: role } = this.env;
    return {
      ...coarse,
      details: { commit: COMMIT, role, draining: this.draining.active, migrations, dependencies, counts },
    };
  }

  private async migrations(): Promise<'current' | 'pending' | 'unknown'> {
    try {
      return (await this.migrator.isCurrent()) ? 'current' : 'pending';
    } catch {
      return 'unknown';
    }
  }
}
