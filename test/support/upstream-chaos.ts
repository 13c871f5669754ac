import { type Fault, McpUpstream } from '../fakes/mcp-upstream.js';
import { until } from './server-process.js';
import { type TestApp } from './test-app.js';

const FAULTS: readonly Fault[] = ['dead', 'hanging', 'huge', 'changing', 'broken_json'];
const ROUTE = '/api/v1/mcp-servers';
/** undici keeps an unused socket for a few seconds. */
const SOCKETS_CLOSED_MS = 20_000;

export interface ChaosReport {
  readonly rounds: number;
  readonly lists: number;
  readonly calls: number;
  /** Lists that missed a healthy tool, calls of healthy tools that failed. */
  readonly wrong: readonly string[];
  /** Milliseconds of a healthy tool's call and of a list, 95th percentile. */
  readonly p95: { readonly call: number; readonly list: number };
  /** What was open more at the end than before the upstreams were added. */
  readonly leaked: Readonly<Record<string, number>>;
}

/**
 * Six upstreams, one healthy and five with a fault each; from round to round a fault heals or moves on. All the while
 * callers list tools and call the healthy ones. Ends by removing the upstreams and comparing what is still open.
 */
export async function upstreamChaos(server: TestApp, token: string, ms: number): Promise<ChaosReport> {
  const before = resources();
  const fakes = await Promise.all(['healthy', ...FAULTS].map(() => McpUpstream.start([{ name: 'echo' }])));
  const faulty = fakes.slice(1);
  const ids: string[] = [];
  for (const [index, fake] of fakes.entries()) ids.push(await add(server, token, `chaos-${index}`, fake));
  await until('all are healthy', async () => (await countHealthy(server, token)) === fakes.length, 30_000);

  const watch = new Watch(server, token);
  const end = Date.now() + ms;
  let rounds = 0;
  while (Date.now() < end) {
    for (const [index, fake] of faulty.entries()) {
      fake.fault = (rounds + index) % 4 === 3 ? 'none' : (FAULTS[(rounds + index) % FAULTS.length] as Fault);
      fake.notify();
    }
    rounds += 1;
    const roundEnd = Math.min(end, Date.now() + 5_000);
    while (Date.now() < roundEnd)
      await Promise.all([watch.list(), watch.callHealthy(), watch.callAny(rounds)]);
  }

  for (const fake of faulty) fake.fault = 'none';
  await until(
    'all are healthy again',
    async () => (await countHealthy(server, token)) === fakes.length,
    60_000,
  );
  for (const id of ids) await server.call('DELETE', `${ROUTE}/${id}`, { token });
  await until(
    'every socket to an upstream is closed',
    () => fakes.every(({ sockets }) => sockets.size === 0),
    SOCKETS_CLOSED_MS,
  );
  await Promise.all(fakes.map((fake) => fake.stop()));
  return { rounds, ...watch.report(), leaked: await leakedSince(before) };
}

class Watch {
  private readonly wrong: string[] = [];
  private readonly lists: number[] = [];
  private readonly calls: number[] = [];

  constructor(
    private readonly server: TestApp,
    private readonly token: string,
  ) {}

  async list(): Promise<void> {
    const at = performance.now();
    const { status, body } = await this.server.call('GET', '/api/v1/tools?limit=100', { token: this.token });
    this.lists.push(performance.now() - at);
    const tools = (body.items ?? []) as { name: string; state: string }[];
    const states = new Map(tools.map((tool) => [tool.name, tool.state]));
    for (const name of ['calculator', 'chaos-0__echo'])
      if (states.get(name) !== 'active')
        this.wrong.push(`list ${status}: ${name} is ${states.get(name) ?? 'missing'}`);
  }

  async callHealthy(): Promise<void> {
    const at = performance.now();
    const { status, body } = await this.call('chaos-0__echo', { n: 1 });
    this.calls.push(performance.now() - at);
    if (status !== 200 || body.isError !== false) this.wrong.push(`call ${status}: ${JSON.stringify(body)}`);
  }

  /** Whatever it answers: it must be an answer of ours, and it is not waited for. */
  async callAny(index: number): Promise<void> {
    const { status } = await this.call(`chaos-${1 + (index % FAULTS.length)}__echo`, { ms: 20 });
    if (![200, 404, 503].includes(status)) this.wrong.push(`call of a faulty one: ${status}`);
  }

  report(): Pick<ChaosReport, 'lists' | 'calls' | 'wrong' | 'p95'> {
    return {
      lists: this.lists.length,
      calls: this.calls.length,
      wrong: this.wrong.slice(0, 10),
      p95: { call: p95(this.calls), list: p95(this.lists) },
    };
  }

  private call(name: string, args: object) {
    return this.server.call('POST', `/api/v1/tools/${name}/call`, {
      token: this.token,
      body: { arguments: args },
    });
  }
}

async function add(server: TestApp, token: string, name: string, fake: McpUpstream): Promise<string> {
  const { body } = await server.call('POST', ROUTE, { token, body: { name, url: fake.url } });
  await server.call('POST', `${ROUTE}/${body.id}/refresh`, { token });
  const update = { policy: { timeoutMs: 1_000, retries: 0 } };
  await server.call('PATCH', `/api/v1/tools/${name}__echo`, { token, body: update });
  return body.id as string;
}

async function countHealthy(server: TestApp, token: string): Promise<number> {
  const { body } = await server.call('GET', ROUTE, { token });
  return body.items.filter((item: { state: string }) => item.state === 'healthy').length;
}

/** Sockets and timers of this process, by kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Waits for what closes by itself, then says what is still open more than before. Single ones come and go. */
async function leakedSince(before: Record<string, number>): Promise<Record<string, number>> {
  let leaked: Record<string, number> = {};
  for (let look = 0; look < 20; look += 1) {
    const now = resources();
    leaked = Object.fromEntries(
      Object.entries(now)
        .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
        .filter(([kind, more]) => /Socket|Timeout|TCP|TLS|Process|Pipe/.test(kind) && more > 3),
    );
    if (Object.keys(leaked).length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return leaked;
}

function p95(times: readonly number[]): number {
  return Math.round([...times].sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0);
}
