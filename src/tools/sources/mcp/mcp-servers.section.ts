import { Injectable } from '@nestjs/common';
import { type Actor } from '../../../common/actor.js';
import { AppError } from '../../../common/app-error.js';
import { Transactions } from '../../../platform/database/transactions.js';
import {
  type Comparison,
  type FileEntry,
  type PlannedChange,
  RegistrySection,
} from '../../registry-file/registry-section.js';
import { diff } from '../../schema/definition-diff.js';
import { type McpServerRow } from './mcp-server.entity.js';
import { CreateMcpServerRequest, type UpdateMcpServerRequest } from './mcp-servers.dto.js';
import { McpServersRepository } from './mcp-servers.repository.js';
import { MAX_SERVERS, McpServersService } from './mcp-servers.service.js';

/** How a server is reached: what the file holds of it. */
type Reached = Pick<McpServerRow, 'headers' | 'auth' | 'enabled'> & { readonly url: string };

/** Upstream servers that were added by the API. Those of MCP_SERVERS_FILE are the operator's own file. */
@Injectable()
export class McpServersSection extends RegistrySection<CreateMcpServerRequest> {
  readonly name = 'mcpServers';
  readonly order = 40;
  protected readonly entry = CreateMcpServerRequest;

  constructor(
    private readonly repository: McpServersRepository,
    private readonly servers: McpServersService,
    private readonly transactions: Transactions,
  ) {
    super();
  }

  /** The oldest first: the first to have a name keeps it. */
  async export(): Promise<readonly FileEntry[]> {
    return (await this.repository.all())
      .filter(isOurs)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((row) => ({ name: row.name, ...reachedOf(row) }));
  }

  protected async compare(actor: Actor): Promise<Comparison<CreateMcpServerRequest>> {
    const rows = await this.repository.all();
    const byName = new Map(rows.map((row) => [row.name, row]));
    let free = MAX_SERVERS - rows.length;
    return {
      plan: async (request) => {
        const change = await this.planOne(actor, request, byName.get(request.name));
        if (change.action === 'added' && --free < 0)
          return { name: change.name, action: 'refused', message: `there can be ${MAX_SERVERS} servers` };
        return change;
      },
      removals: new Map(
        rows.filter(isOurs).map(({ id, name }) => [name, () => this.servers.remove(actor, id)]),
      ),
    };
  }

  private async planOne(
    actor: Actor,
    request: CreateMcpServerRequest,
    row: McpServerRow | undefined,
  ): Promise<PlannedChange> {
    const { name, headers, auth, enabled } = request;
    if (row?.origin === 'file')
      return { name, action: 'refused', message: 'it comes from MCP_SERVERS_FILE here; change that file' };
    const url = await this.servers.check(actor, request);
    const settle = async (signal: AbortSignal) => (enabled ? this.look(actor, name, signal) : []);
    if (row === undefined) {
      const apply = () => this.transactions.run((tx) => this.servers.create(actor, request, tx));
      return { name, action: 'added', apply, settle };
    }
    const before = reachedOf(row);
    const changes = diff(before, { url, headers, auth, enabled });
    if (changes.length === 0) return { name, action: 'unchanged' };
    const change = changeOf(before, { url, headers, auth, enabled });
    return {
      name,
      action: 'changed',
      changes,
      apply: () => this.servers.update(actor, row.id, change),
      settle,
    };
  }

  /** Its tools come with the first look. One that is away is looked at again by itself. */
  private async look(actor: Actor, name: string, signal: AbortSignal): Promise<readonly string[]> {
    const id = (await this.repository.all()).find((row) => row.name === name)?.id;
    try {
      if (id === undefined) return [];
      const { server } = await this.servers.refresh(actor, id, signal);
      return server.problems.map(({ tool, message }) => `${tool}: ${message}`);
    } catch (error) {
      if (!signal.aborted && !(error instanceof AppError)) throw error;
      const reason = error instanceof AppError ? error.message : 'it did not answer in time';
      return [`its tools come later: ${reason}`];
    }
  }
}

function isOurs({ origin }: McpServerRow): boolean {
  return origin === 'api';
}

function reachedOf({ url, headers, auth, enabled }: McpServerRow): Reached {
  return { url: url ?? '', headers, auth, enabled };
}

/** Only what differs: a new address or credential ends the sign-ins. */
function changeOf(before: Reached, after: Reached): UpdateMcpServerRequest {
  const differs = (member: keyof Reached) => diff(before[member], after[member]).length > 0;
  return Object.fromEntries(Object.entries(after).filter(([member]) => differs(member as keyof Reached)));
}
