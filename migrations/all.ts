import { type MigrationInterface } from 'typeorm';
import { CreateIdentity1763800000000 } from './1763800000000-create-identity.js';
import { CreateApiKeys1763800100000 } from './1763800100000-create-api-keys.js';

/** Every migration, oldest first. A new one is added at the end; a released one is never changed. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  CreateIdentity1763800000000,
  CreateApiKeys1763800100000,
];
