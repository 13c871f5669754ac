import type pg from 'pg';
import { expect } from '@jest/globals';
import { type Scene } from './crash-points.js';
import { type GatedTools } from './gated-tools.js';
import { until } from './server-process.js';
import { type WebhookReceiver } from './webhook-receiver.js';

const TERMINAL = /^run\.(completed|failed|cancelled|expired)$/;
/** What was said before the run, for an agent that summarises it. */
export const EARLIER = ['My order is number 7.', 'It came on Monday.'];

/** What a run was asked to do. */
export interface Asked {
  readonly scene: Scene;
  readonly tool: string;
  readonly word: string;
}

/** What must hold after a run whose server was killed or stopped on the way. */
export class CrashChecks {
  constructor(
    private readonly pool: pg.Pool,
    private readonly tools: GatedTools,
    private readonly receiver: WebhookReceiver,
  ) {}

  async all(
    id: string,
    conversationId: string | null,
    { scene, tool, word, asked }: Asked & { readonly asked: readonly string[] },
  ): Promise<void> {
    const wasCancelled = scene === 'cancel';
    const effects = await this.effects(tool, word);
    expect(effects).toBeLessThanOrEqual(1);
    // Only when nobody knows, the effect may be missing: then somebody was asked.
    if (!asked.includes('confirm_retry')) expect(effects).toBe(wasCancelled ? 0 : 1);
    const { rows: runs } = await this.pool.query(
      `select r.id, r.status, r.error, r.lease_owner, (select count(*)::int from run_steps where run_id = r.id and status = 'started') as open
         from runs r where input->0->>'text' = $1`,
      [`${tool} ${word}`],
    );
    const status = wasCancelled ? 'cancelled' : 'completed';
    expect(runs).toEqual([{ id, status, error: null, lease_owner: null, open: 0 }]);
    const { rows: messages } = await this.pool.query(
      `select role, status, content->0->>'text' as text from messages where conversation_id = $1 order by position`,
      [conversationId],
    );
    const earlier = scene === 'summary' ? EARLIER : [];
    const said = [
      ...earlier.map((text) => ({ role: 'user', status: 'complete', text })),
      { role: 'user', status: 'complete', text: `${tool} ${word}` },
      { role: 'assistant', status: 'complete', text: expect.stringContaining('Done') },
    ];
    if (wasCancelled) this.checkPartial(messages, said.slice(0, -1));
    else expect(messages).toEqual(conversationId === null ? [] : said);
    const { rows } = await this.pool.query(
      'select seq, type from run_events where run_id = $1 order by seq',
      [id],
    );
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    for (const once of [/^run\.created$/, /^run\.started$/, TERMINAL])
      expect(rows.filter(({ type }) => once.test(type))).toHaveLength(1);
    await this.checkScene(id, conversationId, scene);
  }

  /** What else must be there once, and only once. */
  private async checkScene(id: string, conversationId: string | null, scene: Scene): Promise<void> {
    // What the journal says that was spent is what the day says.
    const { rows: spent } = await this.pool.query(
      `select (select sum(model_calls)::int from usage_daily) as day, (select sum(cost_usd) from usage_daily) as "dayUsd",
         count(*)::int as journal, sum((usage ->> 'costUsd')::numeric) as "journalUsd"
         from run_steps where kind = 'model' and usage ->> 'inputTokens' is not null`,
    );
    expect([spent[0].day, Number(spent[0].dayUsd)]).toEqual([spent[0].journal, Number(spent[0].journalUsd)]);
    if (scene === 'summary') {
      const { rowCount } = await this.pool.query(
        'select 1 from conversation_summaries where conversation_id = $1',
        [conversationId],
      );
      expect(rowCount).toBe(1);
    }
    if (scene === 'webhook') await this.checkDelivery(id);
    if (scene === 'tick') await this.checkTick(id);
  }

  /** What the model had begun to say is kept once when the worker lived to write it, and says that it is not whole. */
  private checkPartial(messages: readonly unknown[], question: readonly unknown[]): void {
    const partial = { role: 'assistant', status: 'incomplete', text: expect.stringMatching(/^word0 /) };
    expect(messages).toEqual(messages.length > question.length ? [...question, partial] : question);
  }

  /** One run for the one tick that came, and the schedule waits for the next. */
  private async checkTick(id: string): Promise<void> {
    const { rows } = await this.pool.query(
      `select s.last_run_id as last, s.next_run_at > now() + interval '1 day' as moved, s.problem,
              array(select r.id from runs r where r.metadata ->> 'scheduleId' = s.id::text) as runs
         from schedules s`,
    );
    expect(rows).toEqual([{ last: id, moved: true, problem: null, runs: [id] }]);
    await this.pool.query('delete from schedules');
  }

  /** It may have been told twice, but with one id. */
  private async checkDelivery(id: string): Promise<void> {
    const find = `select event_id from webhook_deliveries where run_id = $1 and state = 'delivered'`;
    await until(
      'the webhook is delivered',
      async () => (await this.pool.query(find, [id])).rowCount === 1,
      60_000,
    );
    const told = this.receiver.received.filter(({ body }) => body.includes(id));
    const { rows } = await this.pool.query(find, [id]);
    expect([...new Set(told.map(({ headers }) => headers['webhook-id']))]).toEqual([rows[0].event_id]);
    for (const { body } of told) expect(JSON.parse(body)).toMatchObject({ type: 'run.completed' });
    await this.pool.query('delete from webhooks');
  }

  private async effects(tool: string, word: string): Promise<number> {
    if (tool !== 'memory_save') return this.tools.done(word).length;
    return (await this.pool.query('select 1 from memory_notes where text = $1', [word])).rowCount ?? 0;
  }
}
