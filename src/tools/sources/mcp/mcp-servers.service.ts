import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../../audit/audit-log.service.js';
import { requireScopes } from '../../../common/access.js';
import { type Actor } from '../../../common/actor.js';
import { CommonErrors } from '../../../common/common.errors.js';
import { type Page } from '../../../common/page.js';
import { type Transaction } from '../../../platform/database/transactions.js';
import { Cursors } from '../../../platform/secrets/cursors.js';
import { ToolErrors } from '../../tools.errors.js';
import { type McpServerRow } from './mcp-server.entity.js';
import {
  type CreateMcpServerRequest,
  type McpServer,
  type McpServerQuery,
  refuseStdio,
  type UpdateMcpServerRequest,
} from './mcp-servers.dto.js';
import { McpServerErrors } from './mcp-servers.errors.js';
import { McpServersRepository } from './mcp-servers.repository.js';
import { UpstreamRegistration } from './upstream-registration.js';
import { type SyncReport } from './upstream-sync.service.js';

export const MAX_SERVERS = 200;
const LIST = 'mcp-servers';
const URL_MISSING = { field: 'url', message: 'is required: the address of its Streamable HTTP endpoint' };

/** Upstream MCP servers as people see and change them. Everyone with `tools:read` sees them, admins change them. */
@Injectable()
export class McpServersService {
  constructor(
    private readonly repository: McpServersRepository,
    private readonly registration: UpstreamRegistration,
    private readonly cursors: Cursors,
    private readonly audit: AuditLog,
  ) {}

  /** By name. */
  async list(actor: Actor, { limit, cursor }: McpServerQuery): Promise<Page<McpServer>> {
    requireScopes(actor, 'tools:read');
    const rows = await this.repository.list(this.cursors.read(LIST, cursor), limit + 1);
    const { items, nextCursor } = this.cursors.page(LIST, rows, limit, (row) => row.name);
    return { items: items.map((row) => view(actor, row)), nextCursor };
  }

  /** Throws `mcp_server_not_found`. */
  async get(actor: Actor, id: string): Promise<McpServer> {
    requireScopes(actor, 'tools:read');
    return view(actor, await this.row(id));
  }

  /**
   * Could it be added as this says? Gives its URL. Throws as `create`, but for what depends on the servers that are here.
   */
  async check(actor: Actor, request: CreateMcpServerRequest, tx?: Transaction): Promise<string> {
    requireScopes(actor, 'tools:manage');
    refuseStdio(request);
    const { url, auth } = request;
    if (url === undefined) throw CommonErrors.invalid_request(undefined, { errors: [URL_MISSING] });
    await this.registration.checkReach(url, auth, tx);
    return url;
  }

  /**
   * Adds a server by its URL; it is looked at in the background, or by `refresh`. Throws `egress_denied` for a URL that
   * may not be reached, `mcp_server_exists`, `mcp_server_limit`.
   */
  async create(actor: Actor, request: CreateMcpServerRequest, tx: Transaction): Promise<McpServer> {
    requireScopes(actor, 'tools:manage');
    const { name, headers, auth, enabled } = request;
    const url = await this.check(actor, request, tx);
    const count = await this.repository.countLocked(tx);
    if ((await this.repository.findNamed(name, tx)) !== null) throw McpServerErrors.mcp_server_exists();
    if (count >= MAX_SERVERS) throw McpServerErrors.mcp_server_limit();
    const row = await this.repository.insert(
      { name, url, headers, auth, enabled, origin: 'api', transport: 'http' },
      tx,
    );
    const details = { name, origin: new URL(url).origin, auth: auth?.type ?? 'none' };
    await this.audit.record(actor, 'mcp_server.created', { type: 'mcp_server', id: row.id }, details, tx);
    return view(actor, row);
  }

  /** Changes how a server is reached, or turns it off and on. Throws `mcp_server_in_file`, `egress_denied`. */
  async update(actor: Actor, id: string, change: UpdateMcpServerRequest): Promise<McpServer> {
    requireScopes(actor, 'tools:manage');
    const row = await this.row(id);
    if (row.origin === 'file') throw McpServerErrors.mcp_server_in_file();
    await this.registration.checkReach(
      change.url ?? row.url ?? '',
      change.auth === undefined ? row.auth : change.auth,
    );
    const { url, headers, auth, enabled } = change;
    await this.repository.update(id, {
      ...(url !== undefined && { url }),
      ...(headers !== undefined && { headers }),
      ...(auth !== undefined && { auth }),
      ...(enabled !== undefined && { enabled }),
      revision: row.revision + 1,
      state: 'unknown',
      failures: 0,
    });
    if (url !== undefined || auth !== undefined) await this.registration.forgetSignIns(row);
    await this.registration.changed(row, enabled);
    const changed = Object.keys(change).join(' ');
    await this.audit.record(actor, 'mcp_server.changed', { type: 'mcp_server', id }, { changed });
    return view(actor, await this.row(id));
  }

  /** Removes a server with its tools and sign-ins. */
  async remove(actor: Actor, id: string): Promise<void> {
    requireScopes(actor, 'tools:manage');
    const row = await this.row(id);
    if (row.origin === 'file') throw McpServerErrors.mcp_server_in_file();
    await this.registration.remove(row, actor);
    await this.repository.delete(id);
    // What a look or a sign-in that was under way has brought back meanwhile; later ones see that it is gone.
    await this.registration.remove(row, actor);
    await this.audit.record(actor, 'mcp_server.deleted', { type: 'mcp_server', id }, { name: row.name });
  }

  /** Looks at a server now. Throws why it cannot be (`upstream_*`, `egress_*`); its state is written either way. */
  async refresh(actor: Actor, id: string, signal: AbortSignal): Promise<SyncReport & { server: McpServer }> {
    requireScopes(actor, 'tools:manage');
    const row = await this.row(id);
    const report = await this.registration.check(row, actor, signal);
    if (report === undefined)
      throw ToolErrors.tool_unavailable(
        `The MCP server ${row.name} is disabled or not known to this instance.`,
      );
    await this.audit.record(actor, 'mcp_server.refreshed', { type: 'mcp_server', id }, {});
    return { ...report, server: view(actor, await this.row(id)) };
  }

  private async row(id: string): Promise<McpServerRow> {
    const row = await this.repository.find(id);
    if (row === null) throw McpServerErrors.mcp_server_not_found();
    return row;
  }
}

/** How it is reached is for those who manage it. */
function view(actor: Actor, row: McpServerRow): McpServer {
  const manages = actor.scopes.has('tools:manage');
  const {
    revision: _,
    failures: __,
    stateSince,
    nextCheckAt: ___,
    seenAt: ____,
    listUserId: _____,
    ...shown
  } = row;
  const auth = row.auth === null ? null : manages ? { ...row.auth } : { type: row.auth.type };
  return {
    ...shown,
    since: stateSince.toISOString(),
    checkedAt: row.checkedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    auth,
    url: manages ? row.url : null,
    headers: manages ? row.headers : {},
  };
}
