import { type MigrationInterface } from 'typeorm';
import { CreateIdentity1763800000000 } from './1763800000000-create-identity.js';
import { CreateApiKeys1763800100000 } from './1763800100000-create-api-keys.js';
import { CreateIdempotencyKeys1763800200000 } from './1763800200000-create-idempotency-keys.js';
import { CreateConversations1763800200100 } from './1763800200100-create-conversations.js';
import { CreateAgents1763800400000 } from './1763800400000-create-agents.js';
import { CreateTools1763800300000 } from './1763800300000-create-tools.js';

/** Every migration, oldest first. A new one is added at the end; a released one is never changed. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  CreateIdentity1763800000000,
  CreateApiKeys1763800100000,
  CreateIdempotencyKeys1763800200000,
  CreateConversations1763800200100,
  CreateAgents1763800400000,
  CreateTools1763800300000,
];
