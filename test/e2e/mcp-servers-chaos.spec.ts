import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { upstreamChaos } from '../support/upstream-chaos.js';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp({ EGRESS_ALLOW: '127.0.0.0/8' });
});
afterAll(() => server?.stop());

// The long form, minutes of it: npm run test:faults.
it('[R22] five faulty upstreams: healthy tools are always served, nothing is left open', async () => {
  const report = await upstreamChaos(server, await server.login(), 10_000);
  expect(report).toMatchObject({ wrong: [], leaked: {} });
  expect(report.lists).toBeGreaterThan(10);
}, 180_000);
