import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.service.js';
import { requireScopes } from '../../common/access.js';
import { type Actor } from '../../common/actor.js';
import { CommonErrors } from '../../common/common.errors.js';
import { type Page, type PageQuery } from '../../common/page.js';
import { type Transaction } from '../../platform/database/transactions.js';
import { Cursors } from '../../platform/secrets/cursors.js';
import { Workspaces } from '../builtin/workspace/workspaces.js';
import { WorkspaceErrors } from '../builtin/workspace/workspace.errors.js';
import { WorkspaceClones } from './workspace-clones.service.js';
import { type WorkspaceRow } from './workspace.entity.js';
import { type NewWorkspace, WorkspaceName } from './workspaces.dto.js';
import { WorkspacesRepository } from './workspaces.repository.js';

const MAX_WORKSPACES = 100;

type Shown = Omit<WorkspaceRow, 'bytes' | 'generation'> & { readonly bytes: number | null };

/** Remote repositories as workspaces: made and removed by admins, seen by everyone who may see tools. */
@Injectable()
export class WorkspacesService {
  constructor(
    private readonly rows: WorkspacesRepository,
    private readonly clones: WorkspaceClones,
    private readonly local: Workspaces,
    private readonly audit: AuditLog,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Writes down a repository; `fetch` it after the commit. Throws `egress_denied` for an address that may not be
   * reached, `workspace_exists`, `too_many_workspaces`, `invalid_request` when no name can be made of the URL.
   */
  async add(actor: Actor, { url, name, auth, ...wanted }: NewWorkspace, tx: Transaction): Promise<Shown> {
    requireScopes(actor, 'tools:manage');
    const { href } = this.clones.check(url);
    const { ref = null, depth = null } = wanted;
    const row = { name: name ?? nameOf(href), url: href, ref, depth, auth: auth ?? null };
    if ((await this.rows.countLocked(tx)) >= MAX_WORKSPACES) throw WorkspaceErrors.too_many_workspaces();
    if ((await this.local.isFolder(row.name)) || !(await this.rows.insert(row, tx)))
      throw WorkspaceErrors.workspace_exists(
        `There is already a workspace "${row.name}"; give another name.`,
      );
    await this.audit.record(actor, 'workspace.added', { type: 'workspace', id: row.name }, { url: href }, tx);
    const now = new Date();
    const state = { state: 'fetching', problem: null, commit: null, bytes: null } as const;
    return { ...row, ...state, createdAt: now, updatedAt: now };
  }

  /** Begins to fetch on this machine; the others do so when they first need it. */
  fetch(name: string): void {
    this.clones.start(name);
  }

  async list(actor: Actor, query: PageQuery): Promise<Page<Shown>> {
    requireScopes(actor, 'tools:read');
    const after = this.cursors.read('workspaces', query.cursor);
    const rows = await this.rows.list(after, query.limit + 1);
    const page = this.cursors.page('workspaces', rows, query.limit, (row) => row.name);
    return { ...page, items: page.items.map(shown) };
  }

  /** Throws `workspace_not_found`. */
  async get(actor: Actor, name: string): Promise<Shown> {
    requireScopes(actor, 'tools:read');
    const row = await this.rows.find(name);
    if (row === null) throw WorkspaceErrors.workspace_not_found();
    return shown(row);
  }

  /** Fetches the newest state; tools read the one before until it is there. */
  async update(actor: Actor, name: string): Promise<Shown> {
    requireScopes(actor, 'tools:manage');
    if (!(await this.rows.raise(name))) throw WorkspaceErrors.workspace_not_found();
    await this.audit.record(actor, 'workspace.updated', { type: 'workspace', id: name });
    this.clones.start(name);
    return this.get(actor, name);
  }

  /** Forgets a workspace and deletes its clone here; other machines delete theirs at their next start. */
  async remove(actor: Actor, name: string): Promise<void> {
    requireScopes(actor, 'tools:manage');
    if (!(await this.rows.remove(name))) throw WorkspaceErrors.workspace_not_found();
    await this.audit.record(actor, 'workspace.removed', { type: 'workspace', id: name });
    await this.clones.sweep(name);
  }
}

function nameOf(url: string): string {
  const last = new URL(url).pathname.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const name = WorkspaceName.safeParse(
    last
      .replace(/\.git$/, '')
      .toLowerCase()
      .replaceAll('.', '-'),
  );
  if (name.success) return name.data;
  const errors = [
    { field: 'name', message: 'is required: the URL does not end with a name that can be used' },
  ];
  throw CommonErrors.invalid_request(undefined, { errors });
}

function shown({ bytes, ...row }: WorkspaceRow): Shown {
  const { generation: _, ...rest } = row;
  return { ...rest, bytes: bytes === null ? null : Number(bytes) };
}
