import { type MigrationInterface } from 'typeorm';
import { CreateIdentity1763800000000 } from './1763800000000-create-identity.js';

/** Every migration, oldest first. A new one is added at the end; a released one is never changed. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [CreateIdentity1763800000000];
