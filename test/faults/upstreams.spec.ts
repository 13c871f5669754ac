import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { upstreamChaos } from '../support/upstream-chaos.js';

const seconds = Number(process.env.CHAOS_SECONDS ?? 300);

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp({ EGRESS_ALLOW: '127.0.0.0/8' });
});
afterAll(() => server?.stop());

it(
  `[R22] five faulty upstreams for ${seconds} s: healthy tools are always served, nothing is left open`,
  async () => {
    const report = await upstreamChaos(server, await server.login(), seconds * 1_000);
    console.log(JSON.stringify(report));
    expect(report).toMatchObject({ wrong: [], leaked: {} });
    expect(report.rounds).toBeGreaterThanOrEqual(Math.floor(seconds / 10));
  },
  (seconds + 180) * 1_000,
);
