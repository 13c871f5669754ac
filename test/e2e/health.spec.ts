import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Draining } from '../../src/platform/http/draining.js';
import { StatusReport } from '../../src/platform/telemetry/status-report.js';
import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { freePort } from '../support/free-port.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server?.stop());

describe('a service that works', () => {
  it('introduces itself', async () => {
    const { status, body } = await server.call('GET', '/');
    expect(status).toBe(200);
    expect(body).toMatchObject({ service: 'mcp-server', status: 'healthy' });
    expect(Object.keys(body.links)).toEqual(['docs', 'health', 'status', 'mcp', 'console']);
  });

  it('shows a page to browsers, without script and outside request, and JSON to the rest', async () => {
    const get = (accept: string) => server.call('GET', '/', { headers: { accept } });
    const page = await get('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('vary')).toContain('Accept');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const { links } = (await get('*/*')).body;
    expect(page.body).toContain(`href="${links.docs}"`);
    expect(page.body).toContain(`claude mcp add --transport http mcp-server ${links.mcp}`);
    expect(page.body).not.toMatch(/<script|<link|<img|\bsrc=|@import|\son\w+=/i);
    for (const accept of ['*/*', 'application/json', 'text/html;q=0.5, application/json', 'nonsense']) {
      const { headers, body } = await get(accept);
      expect([headers.get('content-type'), body.service]).toEqual([
        'application/json; charset=utf-8',
        'mcp-server',
      ]);
      expect(headers.get('vary')).toContain('Accept');
    }
  });

  it('has a health document of exactly five keys', async () => {
    const { status, body, headers } = await server.call('GET', '/health');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(body)).toEqual(['status', 'service', 'postgresql', 'redis', 'timestamp']);
    expect(body).toMatchObject({
      status: 'healthy',
      service: 'mcp-server',
      postgresql: 'connected',
      redis: 'in-memory',
    });
    expect(Math.abs(Date.parse(body.timestamp) - Date.now())).toBeLessThan(10_000);
  });

  it('has Terminus documents for probes', async () => {
    const live = await server.call('GET', '/health/live');
    expect(live.status).toBe(200);
    expect(live.body).toEqual({ status: 'ok', info: {}, error: {}, details: {} });
    const ready = await server.call('GET', '/health/ready');
    expect(ready.body.info).toEqual({
      postgresql: { status: 'up' },
      migrations: { status: 'up' },
      serving: { status: 'up' },
    });
    expect((await server.call('GET', '/health/startup')).body.info).toEqual({ migrations: { status: 'up' } });
  });

  it('answers probes whatever Host they name', async () => {
    const live = await server.app.inject({ url: '/health/live', headers: { host: '10.0.0.7:8000' } });
    expect(live.statusCode).toBe(200);
    const elsewhere = await server.app.inject({ url: '/api/status', headers: { host: '10.0.0.7:8000' } });
    expect(elsewhere.statusCode).toBe(403);
  });

  it('tells details only to callers with a credential', async () => {
    const coarse = await server.call('GET', '/api/status');
    expect(Object.keys(coarse.body).sort()).toEqual(['status', 'uptimeSeconds', 'version']);
    const wrong = await server.call('GET', '/api/status', { token: 'mcp_wrong' });
    expect(wrong.body).not.toHaveProperty('details');

    const report = server.app.get(StatusReport);
    report.add('test', async () => ({ things: 3 }));
    report.add('broken', () => Promise.reject(new Error('no')));
    report.add('stuck', () => new Promise(() => undefined));
    const { body } = await server.call('GET', '/api/status', { token: await server.login() });
    expect(body.details).toMatchObject({
      role: 'all',
      draining: false,
      migrations: 'current',
      dependencies: { postgresql: { state: 'connected' }, redis: { state: 'in-memory', latencyMs: null } },
      counts: {
        runs: { queued: 0, running: 0 },
        queue: { waiting: 0 },
        tools: { builtin: expect.any(Number) },
        test: { things: 3 },
        broken: null,
        stuck: null,
      },
    });
    expect(body.details.commit ?? 'none').toMatch(/^([0-9a-f]{40}|none)$/);
  });

  it('answers an unknown health route with a problem', async () => {
    const { status, body } = await server.call('GET', '/health/nothing');
    expect([status, body.code]).toEqual([404, 'route_not_found']);
  });
});

describe('metrics', () => {
  it('are those that docs/metrics.md lists', async () => {
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const listed = [...page.matchAll(/^\| `([a-z0-9_]+)` +\|/gm)].map((match) => match[1]);
    const offered = server.app
      .get(Metrics)
      .registry.getMetricsAsArray()
      .map((metric) => metric.name);
    expect(listed.sort()).toEqual(offered.sort());
  });

  it('count requests by route template on a port of their own', async () => {
    const port = await freePort();
    const other = await startTestApp({ METRICS_PORT: String(port) });
    const token = await other.login();
    const id = '01890000-0000-7000-8000-000000000000';
    await other.call('GET', `/api/v1/conversations/${id}`, { token });
    await other.call('GET', '/no/such/route/at/all', { token });
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const text = await response.text();
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(text).toContain(
      'http_server_request_duration_seconds_count{method="GET",route="/api/v1/conversations/:id",status="404"} 1',
    );
    expect(text).toContain('route="unmatched",status="404"');
    expect(text).toContain('http_server_active_requests 0');
    expect(text).not.toContain(id);
    expect(text).not.toContain('no/such/route');
    expect((await other.call('GET', '/metrics')).status).toBe(404);
    await other.stop();
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed');
  });

  it('are left out when their port is taken', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const other = await startTestApp({ METRICS_PORT: String(port) });
    expect((await other.call('GET', '/health')).status).toBe(200);
    await other.stop();
    squatter.close();
  });
});

describe('a service that drains', () => {
  it('is unhealthy and not ready, but alive, and takes no new work', async () => {
    const other = await startTestApp();
    const token = await other.login();
    other.app.get(Draining).begin();
    const health = await other.call('GET', '/health');
    expect([health.status, health.body.status, health.body.postgresql]).toEqual([
      503,
      'unhealthy',
      'connected',
    ]);
    const ready = await other.call('GET', '/health/ready');
    expect([ready.status, ready.body.error]).toEqual([
      503,
      { serving: { status: 'down', message: 'shutting down' } },
    ]);
    expect((await other.call('GET', '/health/live')).status).toBe(200);
    const work = await other.call('POST', '/api/v1/conversations', { token, body: {} });
    expect([work.status, work.body.code]).toEqual([503, 'draining']);
    expect(work.headers.get('retry-after')).toBe('5');
    await other.stop();
  });
});
