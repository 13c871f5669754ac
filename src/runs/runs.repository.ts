import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { ENV, type Env } from '../config/env.js';
import { SharedStatement } from '../platform/database/shared-statement.js';
import { type Transaction } from '../platform/database/transactions.js';
import { Run } from './run.entity.js';
import { type RunEventType } from './run-event.js';
import { INSERT_RUNS, insertable, type NewRun, type RunRefusal } from './run-insert.sql.js';
import { type RunStatus } from './run.js';

export interface RunFilter {
  readonly status?: RunStatus;
  /** Of the error of a failed run. */
  readonly code?: string;
  readonly conversationId?: string;
  readonly agent?: string;
  /** Id of the last run of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** How far a run is, and how it ended. */
export type RunEnd = Pick<Run, 'status' | 'lastSeq' | 'agent' | 'output' | 'error' | 'usage' | 'finishedAt'>;

/** Runs of one user that may wait at the same time. */
const MAX_QUEUED = 100;
const ACTIVE = `('running', 'requires_action', 'cancelling')`;

/** Runs as their owners see and make them. What workers do to them is in run-leases.repository.ts. */
@Injectable()
export class RunsRepository {
  private readonly inserter = new SharedStatement<NewRun, RunRefusal | null>({
    maxBatch: 100,
    run: (made) => this.insertAll(made, this.dataSource),
  });

  private readonly finder = new SharedStatement<Pick<Run, 'userId' | 'id'>, Run | undefined>({
    maxBatch: 100,
    run: (asked) => this.findAll(asked),
  });
  /** Everybody who waits for a run asks it, so it is made once. */
  private readonly findSql: string;

  constructor(
    @InjectRepository(Run) private readonly runs: Repository<Run>,
    private readonly dataSource: DataSource,
    @Inject(ENV) private readonly env: Pick<Env, 'BUDGET_TOKENS_PER_DAY' | 'BUDGET_USD_PER_DAY'>,
  ) {
    const columns = runs.metadata.columns.map(
      ({ query, databaseName, propertyName }) =>
        `(${query?.('run') ?? `run.${databaseName}`}) as "${propertyName}"`,
    );
    this.findSql = `select ${columns.join(', ')} from runs run
      where (run.id, run.user_id) in (select * from unnest($1::uuid[], $2::uuid[]))`;
  }

  /** Makes a run with its first events, without a transaction together with others; or says why it may not be made. */
  async insert(made: NewRun, transaction?: Transaction): Promise<RunRefusal | null> {
    if (transaction === undefined) return this.inserter.join(made);
    const [refusal = null] = await this.insertAll([made], transaction);
    return refusal;
  }

  async find(userId: string, id: string): Promise<Run | null> {
    return (await this.finder.join({ userId, id })) ?? null;
  }

  private async findAll(asked: readonly Pick<Run, 'userId' | 'id'>[]): Promise<(Run | undefined)[]> {
    const ids = asked.map(({ id }) => id);
    const rows = await this.dataSource.query<Run[]>(this.findSql, [ids, asked.map(({ userId }) => userId)]);
    return asked.map(({ id, userId }) => rows.find((run) => run.id === id && run.userId === userId));
  }

  async list(userId: string, filter: RunFilter): Promise<Run[]> {
    const query = this.runs
      .createQueryBuilder('run')
      .where('run.userId = :userId', { userId })
      .orderBy('run.id', 'DESC')
      .limit(filter.limit);
    const { status, code, conversationId, agent, before } = filter;
    if (code !== undefined)
      query.andWhere(`run.status = 'failed' and run.error ->> 'code' = :code`, { code });
    if (status !== undefined) query.andWhere('run.status = :status', { status });
    if (conversationId !== undefined)
      query.andWhere('run.conversationId = :conversationId', { conversationId });
    if (agent !== undefined) query.andWhere('run.agent = :agent', { agent });
    if (before !== undefined) query.andWhere('run.id < :before', { before });
    return query.getMany();
  }

  /** The runs of a conversation that have not ended, oldest first. The caller holds its lock. */
  async unfinished(
    conversationId: string,
    transaction: Transaction,
  ): Promise<{ id: string; agent: string; conversationId: string }[]> {
    return transaction.query(
      `select id, agent, conversation_id as "conversationId" from runs where conversation_id = $1 and status in ('queued', 'running', 'requires_action', 'cancelling')
       order by position`,
      [conversationId],
    );
  }

  /** Asks the worker of a running run to stop; false when it does not run. */
  async requestCancel(id: string): Promise<boolean> {
    const [, changed]: [unknown, number] = await this.dataSource.query(
      `update runs set status = 'cancelling' where id = $1 and status = 'running'`,
      [id],
    );
    return changed > 0;
  }

  async hasEvent(id: string, type: RunEventType): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      'select 1 from run_events where run_id = $1 and type = $2 limit 1',
      [id, type],
    );
    return rows.length > 0;
  }

  /** The newest run of the last day whose answer this tool call of the user's still waits for. */
  async awaitedBy(userId: string, call: string): Promise<string | undefined> {
    const rows: { id: string }[] = await this.dataSource.query(
      `select id from runs where user_id = $1 and awaited_by = $2 and created_at > now() - interval '1 day'
        order by position desc limit 1`,
      [userId, call],
    );
    return rows[0]?.id;
  }

  /** Keeps, or with null forgets, which tool call waits for the answer of this run. */
  async setAwaited(userId: string, id: string, call: string | null): Promise<void> {
    await this.dataSource.query('update runs set awaited_by = $3 where user_id = $1 and id = $2', [
      ...[userId, id, call],
    ]);
  }

  /** The run of a conversation that was made next after `position`. */
  async nextAfter(
    conversationId: string,
    position: string,
  ): Promise<{ id: string; position: string } | undefined> {
    const rows: { id: string; position: string }[] = await this.dataSource.query(
      'select id, position from runs where conversation_id = $1 and position > $2 order by position limit 1',
      [conversationId, position],
    );
    return rows[0];
  }

  /** The position just before the first run of a conversation that has not ended, else that of its last run. */
  async openEnd(conversationId: string): Promise<string> {
    const [row]: [{ position: string }] = await this.dataSource.query(
      `select coalesce(min(position) filter (where status in ('queued', 'running', 'requires_action', 'cancelling')) - 1,
                       max(position), 0)::text as position from runs where conversation_id = $1`,
      [conversationId],
    );
    return row.position;
  }

  /** Ids of the runs of this conversation that were made later than `position`. */
  async laterThan(conversationId: string, position: string): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      'select id from runs where conversation_id = $1 and position > $2',
      [conversationId, position],
    );
    return rows.map((row) => row.id);
  }

  async endOf(id: string): Promise<RunEnd | undefined> {
    const rows: RunEnd[] = await this.dataSource.query(
      `select status, last_seq as "lastSeq", agent, output, error, usage, finished_at as "finishedAt"
         from runs where id = $1`,
      [id],
    );
    return rows[0];
  }

  /** The agent that a run was made for. */
  async agentOf(id: string): Promise<string | undefined> {
    const rows: { agent: string }[] = await this.dataSource.query('select agent from runs where id = $1', [
      id,
    ]);
    return rows[0]?.agent;
  }

  /** How many runs wait and run, over all users. */
  async statistics(): Promise<{ queued: number; running: number }> {
    const [row]: [{ queued: number; running: number }] = await this.dataSource.query(
      `select count(*) filter (where status = 'queued')::int as queued,
              count(*) filter (where status in ${ACTIVE})::int as running
       from runs where status in ('queued', 'running', 'requires_action', 'cancelling')`,
    );
    return row;
  }

  private async insertAll(
    made: readonly NewRun[],
    connection: Pick<DataSource, 'query'> | Transaction,
  ): Promise<(RunRefusal | null)[]> {
    const rows: { refusal: RunRefusal | null }[] = await connection.query(INSERT_RUNS, [
      insertable(made),
      MAX_QUEUED,
      this.env.BUDGET_TOKENS_PER_DAY ?? null,
      this.env.BUDGET_USD_PER_DAY ?? null,
    ]);
    return rows.map(({ refusal }) => refusal);
  }
}
