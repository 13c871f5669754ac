import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { expect } from '@jest/globals';
import { type LlmServer, type Script } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { type Asked, CrashChecks, EARLIER } from './crash-checks.js';
import { type CrashPoint, type Scene } from './crash-points.js';
import { GatedTools } from './gated-tools.js';
import { buildOnce, makeFolder, type ServerProcess, startServer, until, within } from './server-process.js';
import { WebhookReceiver } from './webhook-receiver.js';
import { ADMIN, caller, makeDatabase, testEnvironment, type TestApp } from './test-app.js';

const PRELOAD = pathToFileURL(path.join(import.meta.dirname, 'crash-at.mjs')).href;
const LONG = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');

const TOOL: Readonly<Record<Scene, string>> = {
  note: 'note',
  lone: 'note',
  approval: 'wipe',
  memory: 'memory_save',
  summary: 'note',
  webhook: 'note',
  cancel: 'nothing',
  tick: 'note',
};
/** Comes true on the 29th of February: of the tick that is tested there is no second one meanwhile. */
const RARELY = '0 0 29 2 *';
const SPEAKING = `select 1 from run_events where run_id = $1 and type = 'message.delta'`;
const AGENTS = [
  { name: 'clerk', tools: ['note', 'wipe', 'memory_save'] },
  { name: 'historian', tools: ['note'], memory: { window: 1, summarise: true } },
];

/** A real server process that is killed at exact points and started again, its model and its database. */
export class CrashRig {
  /** From the kill to the end of the run, or to its question to the user, in ms. */
  readonly recoveries: number[] = [];
  readonly tools: GatedTools;
  protected server!: ServerProcess;
  protected call!: TestApp['call'];
  protected token = '';
  protected pool!: pg.Pool;
  private readonly crashFile: string;
  private llm!: LlmServer;
  private environment!: Record<string, string>;
  private requests = 0;
  private readonly receiver = new WebhookReceiver();
  private receiverUrl = '';
  private checks!: CrashChecks;
  private point?: CrashPoint;

  /** `signal` is what happens to the server at a point. */
  constructor(
    private readonly signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL',
    private readonly settings: Readonly<Record<string, string>> = {},
    private readonly folder = makeFolder('crash-points'),
  ) {
    this.tools = new GatedTools(folder);
    this.crashFile = path.join(folder, 'crash.json');
  }

  async start(): Promise<void> {
    buildOnce();
    this.llm = await startOpenAiServer();
    this.llm.think(({ question, results }) => this.think(question, results));
    this.receiverUrl = await this.receiver.start();
    this.receiver.onRequest = () => {
      if (this.point?.receiver) this.server.child.kill(this.signal);
    };
    const databaseUrl = await makeDatabase();
    const prices = path.join(this.folder, 'prices.yaml');
    writeFileSync(prices, 'openai:fake-1: { input: 2, output: 10 }\n');
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: 2, query_timeout: 10_000 });
    this.checks = new CrashChecks(this.pool, this.tools, this.receiver);
    this.environment = {
      ...testEnvironment(databaseUrl, this.folder),
      EXTENSIONS_DIR: this.tools.extensions,
      LLM_MODEL: 'openai:fake-1',
      OPENAI_BASE_URL: this.llm.url,
      OPENAI_API_KEY: 'sk-test',
      MODEL_PRICES_FILE: prices,
      EGRESS_ALLOW: new URL(this.receiverUrl).host,
      LOG_LEVEL: 'warn',
      CRASH_FILE: this.crashFile,
      CRASH_SIGNAL: this.signal,
      ...this.settings,
    };
    await this.boot();
    await this.login();
    for (const agent of AGENTS)
      await this.make('/api/v1/agents', { description: 'x', instructions: 'x', ...agent });
  }

  async stop(): Promise<void> {
    await within('the server stops', this.server?.stop(), 40_000);
    await this.pool?.end();
    await this.llm?.close();
    await this.receiver.stop();
  }

  /** Does a run, kills the server at the point, starts it again, and checks all that must hold then. [R25] */
  async survive(point: CrashPoint): Promise<void> {
    const { about, conversationId, post } = await this.prepare(point);
    this.arm(point);
    const died = this.died();
    const acknowledged = await post().catch(() => undefined);
    const hunted = acknowledged === undefined ? undefined : this.hunt(point, acknowledged.body.id);
    await died.finally(() => this.disarm());
    await hunted;
    const killed = Date.now();
    const isCancelled = point.scene !== 'cancel' || (await this.isCancelled(acknowledged?.body.id));
    await this.boot();

    // Who got no answer asks again, as a client does; who got one finds what was promised.
    const again = await post();
    expect(again.status).toBe(202);
    if (acknowledged?.status === 202) expect(again.body.id).toBe(acknowledged.body.id);
    const id = again.body.id as string;
    // What was asked of the server that died is not asked again.
    if (!isCancelled) await this.cancel(id);
    const asked = await this.finish(id, killed);
    await this.check(id, conversationId, { ...about, asked });
  }

  private hunt({ scene }: CrashPoint, id: string): Promise<void> {
    return scene === 'cancel' ? this.cancel(id).catch(() => undefined) : this.approveUntilDead(id);
  }

  /** Cancels a run whose model is in the middle of its answer. */
  private async cancel(id: string): Promise<void> {
    await until('the model speaks', () => this.exists(SPEAKING, id), 30_000);
    await this.call('POST', `/api/v1/runs/${id}/cancel`, { token: this.token });
  }

  private isCancelled(id: string): Promise<boolean> {
    return this.exists(`select 1 from runs where id = $1 and status in ('cancelling', 'cancelled')`, id);
  }

  private async exists(query: string, ...values: string[]): Promise<boolean> {
    return (await this.pool.query(query, values)).rowCount !== 0;
  }

  /** A conversation, and the POST of the one run that it gets, which may be sent again. */
  protected async prepare({ scene = 'note' }: CrashPoint) {
    // All points together take longer than a token is good for.
    await this.login();
    const about: Asked = { scene, tool: TOOL[scene], word: `w-${randomUUID()}` };
    const conversationId = ['lone', 'tick'].includes(scene)
      ? null
      : await this.make('/api/v1/conversations', {});
    const route = conversationId === null ? '/api/v1' : `/api/v1/conversations/${conversationId}`;
    if (scene === 'summary')
      for (const text of EARLIER) await this.make(`${route}/messages`, { content: [{ type: 'text', text }] });
    if (scene === 'webhook') await this.make('/api/v1/webhooks', { url: this.receiverUrl });
    const agent = scene === 'summary' ? 'historian' : 'clerk';
    if (scene === 'tick') return { about, conversationId: null, post: await this.prepareTick(about) };
    const post = () =>
      this.call('POST', `${route}/runs`, {
        ...{ token: this.token, body: { input: `${about.tool} ${about.word}`, agent } },
        headers: { 'idempotency-key': about.word },
      });
    return { about, conversationId, post };
  }

  /** A schedule whose time comes with the first call; both give the run that it makes. */
  private async prepareTick({ tool, word }: Asked) {
    const schedule = { name: word, agent: 'clerk', input: `${tool} ${word}`, cron: RARELY };
    const id = await this.make('/api/v1/schedules', schedule);
    let isDue = false;
    return async () => {
      const { child } = this.server;
      if (!isDue) await this.pool.query('update schedules set next_run_at = now() where id = $1', [id]);
      isDue = true;
      const find = `select id from runs where metadata ->> 'scheduleId' = $1`;
      const isOver = async () => hasEnded(child) || (await this.exists(find, id));
      await until('the schedule makes its run', isOver, 30_000);
      const { rows } = await this.pool.query(find, [id]);
      if (rows.length === 0) throw new Error('The server ended before the tick');
      return { status: 202, headers: new Headers(), body: rows[0] };
    };
  }

  /** Approves, but decides doubtful repetitions as said, until the run has ended; the kinds of what was asked. */
  protected async finish(
    id: string,
    killed: number,
    doubtful: 'approve' | 'reject' = 'reject',
  ): Promise<string[]> {
    const asked: string[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      const run = await this.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=40000`, { token: this.token });
      if (tries === 0) this.recoveries.push(Date.now() - killed);
      if (run.body.status !== 'requires_action') break;
      for (const { id: approval, kind } of await this.pending(id)) {
        asked.push(kind);
        const decision = kind === 'tool_call' ? 'approve' : doubtful;
        await this.call('POST', `/api/v1/approvals/${approval}`, { token: this.token, body: { decision } });
      }
    }
    return asked;
  }

  protected check(
    id: string,
    conversationId: string | null,
    about: Asked & { asked: readonly string[] },
  ): Promise<void> {
    return this.checks.all(id, conversationId, about);
  }

  private async login(): Promise<void> {
    const login = await this.call('POST', '/api/v1/auth/login', { body: ADMIN });
    if (login.status !== 200) throw new Error(`login: ${JSON.stringify(login.body)}`);
    this.token = login.body.accessToken;
  }

  /** Makes something, and gives its id. */
  private async make(route: string, body: unknown): Promise<string> {
    const made = await this.call('POST', route, { token: this.token, body });
    if (made.status !== 201) throw new Error(`${route}: ${JSON.stringify(made.body)}`);
    return made.body.id as string;
  }

  protected async boot(): Promise<void> {
    this.server = await startServer(this.environment, {
      command: [process.execPath, '--import', PRELOAD, 'dist/src/main.js'],
    });
    const call = caller(this.server.url);
    this.call = (method, route, options) =>
      within(`${method} ${route} is answered`, call(method, route, options), 60_000);
  }

  protected arm(point: CrashPoint): void {
    this.point = point;
    this.requests = 0;
    if (point.statement !== undefined) writeFileSync(this.crashFile, JSON.stringify(point.statement));
    this.tools.killAt(point.tool);
  }

  protected disarm(): void {
    this.point = undefined;
    rmSync(this.crashFile, { force: true });
    this.tools.killAt(undefined);
  }

  private died(): Promise<void> {
    const { child } = this.server;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('The point was never reached')), 30_000);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** A run that asks on the way to the point is answered. */
  private async approveUntilDead(id: string): Promise<void> {
    const { child } = this.server;
    while (!hasEnded(child) && this.point !== undefined) {
      const waiting = await this.pending(id).catch(() => []);
      for (const { id: approval } of waiting) {
        const body = { decision: 'approve' };
        await this.call('POST', `/api/v1/approvals/${approval}`, { token: this.token, body }).catch(
          () => undefined,
        );
      }
      await delay(100);
    }
  }

  private async pending(runId: string): Promise<{ id: string; kind: string }[]> {
    const query = `status=pending&runId=${runId}`;
    return (await this.call('GET', `/api/v1/approvals?${query}`, { token: this.token })).body.items ?? [];
  }

  private think(question: string, results: readonly string[]): Script {
    this.requests += 1;
    const { model } = this.point ?? {};
    if (model?.request === this.requests) {
      if (model.isBegun) setTimeout(() => this.server.child.kill(this.signal), 60);
      else this.server.child.kill(this.signal);
    }
    const [name = '', text] = question.split(' ');
    if (name === TOOL.cancel) return { kind: 'reply', text: LONG, fault: { kind: 'stall', at: 'between' } };
    if (!Object.values(TOOL).includes(name)) return { kind: 'reply', text: `${LONG} In short.` };
    if (results.length === 0) return { kind: 'reply', text: LONG, calls: [{ name, args: { text } }] };
    return { kind: 'reply', text: `${LONG} Done: ${results.join(' ')}` };
  }
}

function hasEnded({ exitCode, signalCode }: ServerProcess['child']): boolean {
  return exitCode !== null || signalCode !== null;
}
