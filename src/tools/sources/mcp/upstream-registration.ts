import { Injectable } from '@nestjs/common';
import { type Actor } from '../../../common/actor.js';
import { type Transaction } from '../../../platform/database/transactions.js';
import { Egress } from '../../../platform/egress/egress.js';
import { SecretVault } from '../../secrets/secret-vault.service.js';
import { ToolRegistry } from '../../tool-registry.service.js';
import { type McpServerRow } from './mcp-server.entity.js';
import { SignInStore } from './sign-in/sign-in-store.js';
import { isSecretAuth, type UpstreamAuth } from './upstream-auth.js';
import { UpstreamConnections } from './upstream-connections.service.js';
import { UpstreamServers } from './upstream-servers.service.js';
import { setOf, type SyncReport, UpstreamSync } from './upstream-sync.service.js';

/** What follows from a change of a server: its connections, its tools in the registry. */
@Injectable()
export class UpstreamRegistration {
  constructor(
    private readonly servers: UpstreamServers,
    private readonly connections: UpstreamConnections,
    private readonly registry: ToolRegistry,
    private readonly sync: UpstreamSync,
    private readonly egress: Egress,
    private readonly vault: SecretVault,
    private readonly signIns: SignInStore,
  ) {}

  /**
   * May the server be reached, and its secret go there? Throws `egress_denied`, `secret_not_found`,
   * `secret_origin_mismatch`.
   */
  async checkReach(url: string, auth: UpstreamAuth | null, tx?: Transaction): Promise<void> {
    this.egress.check(url);
    if (auth === null) return;
    // The secret of an OAuth client goes to its issuer, which is not known yet; it is bound to that one.
    if (isSecretAuth(auth)) await this.vault.check(auth.secret, url, tx);
    else if (auth.secret !== undefined) await this.vault.check(auth.secret, undefined, tx);
  }

  /** Undefined when this instance cannot talk to it: disabled, or in the file of another instance. */
  async check(row: McpServerRow, actor: Actor, signal: AbortSignal): Promise<SyncReport | undefined> {
    const upstream = await this.servers.load(row.id);
    return upstream === undefined ? undefined : this.sync.check(upstream, { signal, actor });
  }

  async changed(row: McpServerRow, enabled: boolean | undefined): Promise<void> {
    this.servers.forget();
    this.connections.forget(row.id);
    if (enabled === false) await this.registry.setState(setOf(row.id), 'unavailable');
  }

  /** Tokens of another address, or of another client, are worth nothing now. */
  async forgetSignIns(row: McpServerRow): Promise<void> {
    await this.signIns.forgetServer(row.id);
  }

  async remove(row: McpServerRow, actor: Actor): Promise<void> {
    this.connections.forget(row.id);
    await this.signIns.forgetServer(row.id);
    await this.registry.removeSet(setOf(row.id), { actor });
    this.servers.forget();
  }
}
