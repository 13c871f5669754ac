import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { SigningKey } from './signing-key.entity.js';

@Injectable()
export class SigningKeysRepository {
  constructor(@InjectRepository(SigningKey) private readonly keys: Repository<SigningKey>) {}

  /** Newest first. */
  all(): Promise<SigningKey[]> {
    return this.keys.find({ order: { createdAt: 'DESC' } });
  }

  async reseal(kid: string, privateKey: string): Promise<void> {
    await this.keys.update({ kid }, { privateKey });
  }

  async insert(kid: string, privateKey: string): Promise<void> {
    await this.keys.insert({ kid, privateKey, retiredAt: null });
  }
}
