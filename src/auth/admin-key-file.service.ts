import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { SCOPES } from '../common/actor.js';
import { dataDir, ENV, type Env } from '../config/env.js';
import { UsersService } from '../users/users.service.js';
import { ApiKeysService } from './api-keys.service.js';

const NAME = 'admin.key';

/**
 * On the embedded default, an admin's API key in DATA_DIR/admin.key (0600), so that the command line works at once
 * on the same machine. Who can read DATA_DIR can read the whole database anyway.
 */
@Injectable()
export class AdminKeyFile {
  constructor(
    private readonly users: UsersService,
    private readonly keys: ApiKeysService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Called behind the migration lock. A missing file makes a new key and revokes the one that the file held. */
  async ensure(): Promise<void> {
    const file = path.join(dataDir(this.env), NAME);
    if (this.env.DATABASE_URL !== undefined || existsSync(file)) return;
    const admin = await this.users.firstAdmin();
    if (admin === null) return;
    const key = await this.keys.replaceNamed(admin.id, NAME, SCOPES);
    const draft = `${file}.${process.pid}`;
    rmSync(draft, { force: true });
    writeFileSync(draft, `${key}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  }
}
