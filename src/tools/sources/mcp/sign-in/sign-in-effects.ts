import { Injectable } from '@nestjs/common';
import { Egress } from '../../../../platform/egress/egress.js';
import { type Fetch } from '../../../../platform/egress/guarded-fetch.js';
import { UsersService } from '../../../../users/users.service.js';
import { McpServerErrors } from '../mcp-servers.errors.js';
import { McpServersRepository } from '../mcp-servers.repository.js';
import { UpstreamConnections } from '../upstream-connections.service.js';
import { UpstreamFetch } from '../upstream-fetch.js';
import { type Upstream, UpstreamServers } from '../upstream-servers.service.js';

/** What a sign-in needs of the rest, and what follows from it. */
@Injectable()
export class SignInEffects {
  constructor(
    private readonly servers: UpstreamServers,
    private readonly connections: UpstreamConnections,
    private readonly repository: McpServersRepository,
    private readonly fetches: UpstreamFetch,
    private readonly users: UsersService,
    private readonly egress: Egress,
  ) {}

  /** Throws `mcp_server_not_found`, also for one that is disabled. */
  async upstream(serverId: string): Promise<Upstream> {
    const upstream = await this.servers.load(serverId);
    if (upstream === undefined) throw McpServerErrors.mcp_server_not_found();
    return upstream;
  }

  /** The fetch for metadata and tokens, ended by `signal`. */
  way({ reach }: Upstream, signal: AbortSignal): { url: string; fetchFn: Fetch } {
    if (reach.transport !== 'http') throw McpServerErrors.sign_in_not_needed();
    const fetch = this.fetches.for(reach);
    return { url: reach.url, fetchFn: (input, init) => fetch(input, { ...init, signal }) };
  }

  checkUrl(url: string): void {
    this.egress.check(url);
  }

  async accountOf(userId: string): Promise<string> {
    const user = await this.users.findById(userId);
    if (user === null) throw McpServerErrors.sign_in_expired();
    return user.email;
  }

  /** New tokens: open connections still use the old ones, and a list may be there to be read now. */
  async signedIn(
    { row }: Upstream,
    owner: string | undefined,
    by: { readonly userId: string; readonly isManager: boolean },
  ): Promise<void> {
    this.connections.forget(row.id, owner);
    const lists = owner !== undefined && by.isManager ? { listUserId: by.userId } : {};
    await this.repository.update(row.id, { failures: 0, ...lists });
    this.servers.forget();
  }

  signedOut(serverId: string, owner: string | undefined): void {
    this.connections.forget(serverId, owner);
  }
}
