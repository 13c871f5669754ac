import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Record<string, unknown>;
}

/** An OTLP/HTTP collector. */
class Collector {
  readonly spans: Span[] = [];
  readonly paths = new Set<string | undefined>();
  raw = '';
  private server!: Server;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        this.paths.add(request.url);
        this.raw += body;
        for (const resource of JSON.parse(body).resourceSpans)
          for (const scope of resource.scopeSpans)
            for (const span of scope.spans) this.spans.push({ ...span, attributes: plain(span.attributes) });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
  }
}

function plain(attributes: { key: string; value: Record<string, unknown> }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const collector = new Collector();
let api: TestApp;
let worker: TestApp;
let run: Record<string, string>;
let spans: Span[];

/** The request comes to one replica, the work is done by another. */
beforeAll(async () => {
  const endpoint = await collector.start();
  const keys = { ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}` };
  worker = await startTestApp({ ...keys, ROLE: 'worker', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  api = await startTestApp({ ...keys, ROLE: 'api', DATABASE_URL: worker.databaseUrl });
  const token = await api.login();
  const headers = { traceparent: `00-${TRACE}-${CALLER}-01` };
  const body = { input: 'Ask the analyst: what is 17 * 23? canary-in-the-question' };
  const started = await api.call('POST', '/api/v1/runs', { token, headers, body });
  expect(started.status).toBe(202);
  const ended = await api.call('GET', `/api/v1/runs/${started.body.id}/wait?timeoutMs=20000`, { token });
  run = ended.body;
  await api.stop();
  // The end of a process delivers what it still has.
  await worker.stop();
  spans = collector.spans.filter((span) => span.traceId === TRACE);
});
afterAll(() => collector.stop());

const called = (name: string) => {
  const span = spans.find((candidate) => candidate.name.startsWith(name));
  if (span === undefined)
    throw new Error(`${name} is not among ${spans.map((item) => item.name).join(', ')}`);
  return span;
};

describe('traces', () => {
  it('the run bears the trace of the request that made it', () => {
    expect(run).toMatchObject({ status: 'completed', traceId: TRACE });
    expect(collector.paths).toEqual(new Set(['/v1/traces']));
  });

  it('continue from the caller over the request to the worker', () => {
    const request = called('POST /api/v1/runs');
    expect(request.parentSpanId).toBe(CALLER);
    expect(request.attributes).toMatchObject({
      'http.route': '/api/v1/runs',
      'http.response.status_code': 202,
    });
    const work = called('invoke_agent assistant');
    expect(work.parentSpanId).toBe(request.spanId);
    expect(work.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'assistant',
      'mcp_server.run.id': run.id,
      'mcp_server.run.status': 'completed',
    });
  });

  it('show models, sub-agents and tools below what asked for them', () => {
    const work = called('invoke_agent assistant');
    const sub = called('invoke_agent analyst');
    const tool = called('execute_tool calculator');
    expect(sub.parentSpanId).toBe(work.spanId);
    expect(tool.parentSpanId).toBe(sub.spanId);
    const chats = spans.filter((span) => span.name.startsWith('chat'));
    const agents = spans.filter((span) => span.name.startsWith('invoke_agent')).map((span) => span.spanId);
    for (const chat of chats) expect(agents).toContain(chat.parentSpanId);
    expect(chats.map((span) => span.parentSpanId)).toEqual(expect.arrayContaining([work.spanId, sub.spanId]));
    for (const chat of chats)
      expect(chat.attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'builtin',
        'gen_ai.response.model': 'planner',
        'gen_ai.usage.input_tokens': expect.anything(),
      });
  });

  it('[S61] hold no text of a question or of an argument', () => {
    expect(collector.raw).not.toContain('canary-in-the-question');
    expect(collector.raw).not.toContain('17 * 23');
  });
});
