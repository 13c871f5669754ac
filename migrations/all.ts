import { type MigrationInterface } from 'typeorm';
import { CreateIdentity1763800000000 } from './1763800000000-create-identity.js';
import { CreateApiKeys1763800100000 } from './1763800100000-create-api-keys.js';
import { CreateAuditLog1763800110000 } from './1763800110000-create-audit-log.js';
import { KeepRefreshAnswer1763800120000 } from './1763800120000-keep-refresh-answer.js';
import { CreateIdempotencyKeys1763800200000 } from './1763800200000-create-idempotency-keys.js';
import { CreateConversations1763800200100 } from './1763800200100-create-conversations.js';
import { CreateTools1763800300000 } from './1763800300000-create-tools.js';
import { CreateAgents1763800400000 } from './1763800400000-create-agents.js';
import { CreateRuns1763800500000 } from './1763800500000-create-runs.js';
import { CreateMcpSessions1763800600000 } from './1763800600000-create-mcp-sessions.js';
import { CreateSessionContext1763800700000 } from './1763800700000-create-session-context.js';
import { CreateInstallationKeys1763800900000 } from './1763800900000-create-installation-keys.js';
import { AddToolSets1763900000000 } from './1763900000000-add-tool-sets.js';
import { AddToolPolicy1763900100000 } from './1763900100000-add-tool-policy.js';
import { CreateSecrets1763900200000 } from './1763900200000-create-secrets.js';
import { CreateToolImports1763900210000 } from './1763900210000-create-tool-imports.js';
import { CreateMcpServers1763900300000 } from './1763900300000-create-mcp-servers.js';
import { AddMcpListUser1763900310000 } from './1763900310000-add-mcp-list-user.js';
import { CreateWorkspaces1763900400000 } from './1763900400000-create-workspaces.js';
import { CreateApprovals1763900500000 } from './1763900500000-create-approvals.js';
import { OrderRuns1763900510000 } from './1763900510000-order-runs.js';
import { CreateSchedules1763900520000 } from './1763900520000-create-schedules.js';
import { ExtendRunsForAgents1763900600000 } from './1763900600000-extend-runs-for-agents.js';
import { CreateUsage1763900700000 } from './1763900700000-create-usage.js';
import { CreateWebhooks1763900800000 } from './1763900800000-create-webhooks.js';
import { CountCacheHits1765000310000 } from './1765000310000-count-cache-hits.js';
import { ApproveDirectCalls1765000320000 } from './1765000320000-approve-direct-calls.js';
import { RegenerateAnswers1765000330000 } from './1765000330000-regenerate-answers.js';
import { KeepImportDocuments1765000400000 } from './1765000400000-keep-import-documents.js';
import { SimulateRuns1765000420000 } from './1765000420000-simulate-runs.js';

/** Every migration, oldest first. A new one is added at the end; a released one is never changed. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  CreateIdentity1763800000000,
  CreateApiKeys1763800100000,
  CreateAuditLog1763800110000,
  KeepRefreshAnswer1763800120000,
  CreateIdempotencyKeys1763800200000,
  CreateConversations1763800200100,
  CreateTools1763800300000,
  CreateAgents1763800400000,
  CreateRuns1763800500000,
  CreateMcpSessions1763800600000,
  CreateSessionContext1763800700000,
  CreateInstallationKeys1763800900000,
  AddToolSets1763900000000,
  AddToolPolicy1763900100000,
  CreateSecrets1763900200000,
  CreateToolImports1763900210000,
  CreateMcpServers1763900300000,
  AddMcpListUser1763900310000,
  CreateWorkspaces1763900400000,
  CreateApprovals1763900500000,
  OrderRuns1763900510000,
  CreateSchedules1763900520000,
  ExtendRunsForAgents1763900600000,
  CreateUsage1763900700000,
  CreateWebhooks1763900800000,
  CountCacheHits1765000310000,
  ApproveDirectCalls1765000320000,
  RegenerateAnswers1765000330000,
  KeepImportDocuments1765000400000,
  SimulateRuns1765000420000,
];
