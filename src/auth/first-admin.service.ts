import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ConfigError, ENV, type Env } from '../config/env.js';
import { UsersService } from '../users/users.service.js';
import { refuseCommon } from '../users/password-policy.js';
import { hashPassword } from '../users/passwords.js';

/** Makes the first account of a new installation. There are no default credentials. */
@Injectable()
export class FirstAdmin {
  /** The password that was made up, to be printed once. */
  private generated?: string;

  constructor(
    private readonly users: UsersService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Called behind the migration lock. Throws ConfigError when nobody could read a generated password. */
  async ensure(): Promise<void> {
    if (!(await this.users.isEmpty())) return;
    if (
      this.env.ADMIN_PASSWORD === undefined &&
      this.env.DATABASE_URL !== undefined &&
      !process.stdout.isTTY
    ) {
      throw new ConfigError([
        'ADMIN_PASSWORD (or ADMIN_PASSWORD_FILE) is required for the first start without a terminal',
      ]);
    }
    this.refuseWeak();
    const password = this.env.ADMIN_PASSWORD ?? randomBytes(15).toString('base64url');
    const passwordHash = await hashPassword(password);
    await this.users.create({
      email: this.env.ADMIN_EMAIL,
      name: 'Administrator',
      role: 'admin',
      passwordHash,
    });
    if (this.env.ADMIN_PASSWORD === undefined) this.generated = password;
  }

  private refuseWeak(): void {
    if (this.env.ADMIN_PASSWORD === undefined) return;
    try {
      refuseCommon(this.env.ADMIN_PASSWORD, this.env.ADMIN_EMAIL);
    } catch {
      throw new ConfigError(['ADMIN_PASSWORD is one of those that everybody tries first: choose another']);
    }
  }

  /** The generated password, once; undefined when the admin was there or has a given one. */
  takeGeneratedPassword(): string | undefined {
    this.refuseWeak();
    const password = this.generated;
    this.generated = undefined;
    return password;
  }
}
