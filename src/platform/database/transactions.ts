import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { databaseState } from './database-error.js';

/** An open transaction, handed to repository methods so that several of them commit together. */
export type Transaction = EntityManager;

const MAX_TRIES = 3;
/** deadlock_detected, serialization_failure: the whole unit of work may simply run again. */
const RETRYABLE = new Set(['40P01', '40001']);

/** Runs units of work. Never hold one open across a model, tool or upstream call. */
@Injectable()
export class Transactions {
  constructor(private readonly dataSource: DataSource) {}

  /** Commits when `work` resolves, rolls back when it throws. Runs again, at most twice, after a deadlock. [R07] [R08] */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (attempt >= MAX_TRIES || !RETRYABLE.has(databaseState(error))) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));
      }
    }
  }
}
