import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Received, WebhookReceiver } from '../support/webhook-receiver.js';

const HOOKS = '/api/v1/webhooks';

let server: TestApp;
let token: string;
const receiver = new WebhookReceiver();
let url: string;
beforeAll(async () => {
  url = await receiver.start();
  server = await startTestApp({ EGRESS_ALLOW: new URL(url).host });
  token = await server.login();
});
afterAll(async () => {
  await server?.stop();
  await receiver.stop();
});
afterEach(async () => {
  await server.sql('delete from webhooks');
  receiver.received.length = 0;
  receiver.answers = [];
});

async function until<T>(read: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not happen');
}

const make = (body: object = {}) => server.call('POST', HOOKS, { token, body: { url, ...body } });

async function finishedRun(input = 'What is 2 + 3?'): Promise<string> {
  const run = await server.call('POST', '/api/v1/runs', { token, body: { input } });
  await server.call('GET', `/api/v1/runs/${run.body.id}/wait?timeoutMs=20000`, { token });
  return run.body.id as string;
}

const deliveriesOf = async (id: string) =>
  (await server.call('GET', `${HOOKS}/${id}/deliveries`, { token })).body.items;

function expectSigned({ headers, body }: Received, secret: string): void {
  const { t, v1 } = Object.fromEntries(
    String(headers['webhook-signature'])
      .split(',')
      .map((part) => part.split('=')),
  );
  expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(60);
  const wanted = createHmac('sha256', secret)
    .update(`${String(headers['webhook-id'])}.${t}.${body}`)
    .digest('hex');
  expect(v1).toBe(wanted);
}

describe('webhooks', () => {
  it('[S78] tells of the end of a run once, signed, with the run as GET shows it', async () => {
    const hook = (await make()).body;
    expect(hook.secret).toMatch(/^whsec_/);
    const runId = await finishedRun();
    const [first] = await until(() => (receiver.received.length > 0 ? receiver.received : undefined));
    if (first === undefined) throw new Error('nothing came');
    expectSigned(first, hook.secret);
    const event = JSON.parse(first.body);
    const run = (await server.call('GET', `/api/v1/runs/${runId}`, { token })).body;
    expect(event).toMatchObject({ type: 'run.completed', data: { run } });
    expect(event.id).toBe(first.headers['webhook-id']);
    const delivery = await until(async () => {
      const [row] = await deliveriesOf(hook.id);
      return row?.state === 'delivered' ? row : undefined;
    });
    expect(delivery).toMatchObject({ runId, event: 'run.completed', attempts: 1, responseStatus: 204 });
    expect(receiver.received).toHaveLength(1);
  });

  it('tries again with the same id and body, and a new signature', async () => {
    receiver.answers = [500];
    const hook = (await make()).body;
    await finishedRun();
    const waiting = await until(async () => {
      const [row] = await deliveriesOf(hook.id);
      return row?.attempts === 1 && row.errorCode !== null ? row : undefined;
    });
    expect(waiting).toMatchObject({ state: 'pending', responseStatus: 500, errorCode: 'http_status' });
    expect(Date.parse(waiting.nextAttemptAt)).toBeGreaterThan(Date.now());
    // The pause is over.
    await server.sql('update webhook_deliveries set next_attempt_at = now()');
    await until(() => (receiver.received.length === 2 ? true : undefined));
    const [first, second] = receiver.received;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    if (second !== undefined) expectSigned(second, hook.secret);
  });

  it('gives up after the last try and says so', async () => {
    const hook = (await make()).body;
    receiver.answers = Array.from({ length: 20 }, () => 503);
    await finishedRun();
    for (let tries = 1; tries <= 8; tries += 1) {
      await until(async () => {
        const [row] = await deliveriesOf(hook.id);
        return row?.attempts === tries && row.errorCode === 'http_status' ? true : undefined;
      });
      await server.sql(
        `update webhook_deliveries set next_attempt_at = now(), error_code = null where state = 'pending'`,
      );
    }
    const [row] = await deliveriesOf(hook.id);
    expect(row).toMatchObject({ state: 'failed', attempts: 8, nextAttemptAt: null });
    expect(row.finishedAt).not.toBeNull();
    expect(receiver.received).toHaveLength(8);
  });

  it('tells only of the events that were asked for, and nothing while it is off', async () => {
    const quiet = (await make({ events: ['run.failed'] })).body;
    const off = (await make()).body;
    await server.call('PATCH', `${HOOKS}/${off.id}`, { token, body: { enabled: false } });
    const heard = (await make({ events: ['run.completed', 'run.failed'] })).body;
    await finishedRun();
    await until(() => (receiver.received.length > 0 ? true : undefined));
    expect(await deliveriesOf(quiet.id)).toEqual([]);
    expect(await deliveriesOf(off.id)).toEqual([]);
    expect(await deliveriesOf(heard.id)).toHaveLength(1);
  });

  it('[S51] follows no redirect', async () => {
    const hook = (await make()).body;
    receiver.answers = [{ status: 307, location: `${url}/elsewhere` }];
    const ping = await server.call('POST', `${HOOKS}/${hook.id}/ping`, { token });
    expect(ping.body).toEqual({ delivered: false, responseStatus: null, errorCode: 'egress_failed' });
    expect(receiver.received).toHaveLength(1);
  });

  it('sends a trial delivery at once', async () => {
    const hook = (await make()).body;
    const ping = await server.call('POST', `${HOOKS}/${hook.id}/ping`, { token });
    expect(ping.body).toEqual({ delivered: true, responseStatus: 204, errorCode: null });
    expect(JSON.parse(receiver.received[0]?.body ?? '{}').type).toBe('webhook.ping');
  });

  it('[S49] refuses addresses inside the network when it is made and when it is changed', async () => {
    for (const bad of [
      'http://169.254.169.254/latest',
      'http://127.0.0.1:1/',
      'https://user:pw@example.com/',
    ])
      expect((await make({ url: bad })).body.code).toBe('egress_denied');
    const hook = (await make()).body;
    const changed = await server.call('PATCH', `${HOOKS}/${hook.id}`, {
      token,
      body: { url: 'http://[::1]/' },
    });
    expect(changed.body.code).toBe('egress_denied');
    expect((await make({ url: 'file:///etc/passwd' })).status).toBe(400);
  });

  it('[S80] leaves one record of each change, in the transaction of the change', async () => {
    const hook = (await make()).body;
    await server.call('PATCH', `${HOOKS}/${hook.id}`, { token, body: { enabled: false } });
    await server.call('PATCH', `${HOOKS}/${hook.id}`, { token, body: { url: 'http://[::1]/' } });
    for (const status of [204, 404])
      expect((await server.call('DELETE', `${HOOKS}/${hook.id}`, { token })).status).toBe(status);
    const records = await server.sql<{ action: string }>(
      'select action from audit_log where target_id = $1 order by sequence',
      [hook.id],
    );
    expect(records.map(({ action }) => action)).toEqual([
      'webhook.created',
      'webhook.changed',
      'webhook.deleted',
    ]);
  });

  it('[S59] shows its secret once: neither lists nor a dump of the database hold it', async () => {
    const hook = (await make()).body;
    const list = await server.call('GET', HOOKS, { token });
    expect(list.body.items).toHaveLength(1);
    expect(JSON.stringify(list.body)).not.toContain('secret');
    const dump = JSON.stringify(await server.sql('select row_to_json(w) from webhooks w'));
    expect(dump).toContain(hook.id);
    expect(dump).not.toContain(hook.secret);
  });

  it('[S60] signs with the same secret after the key that sealed it has left the ring', async () => {
    const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
    const before = await startTestApp({
      EGRESS_ALLOW: new URL(url).host,
      ENCRYPTION_KEYS: key('old', 1),
    });
    const hook = (await before.call('POST', HOOKS, { token: await before.login(), body: { url } })).body as {
      id: string;
      secret: string;
    };
    const { databaseUrl } = before;
    await before.stop();
    const rings = [`${key('new', 2)},${key('old', 1)}`, key('new', 2)];
    for (const ring of rings) {
      const later = await startTestApp({
        ...{ EGRESS_ALLOW: new URL(url).host, ENCRYPTION_KEYS: ring, DATABASE_URL: databaseUrl },
      });
      const ping = await later.call('POST', `${HOOKS}/${hook.id}/ping`, { token: await later.login() });
      expect(ping.body.delivered).toBe(true);
      await later.stop();
    }
    expect(receiver.received).toHaveLength(2);
    for (const received of receiver.received) expectSigned(received, hook.secret);
  });

  it('has a limit', async () => {
    for (let made = 0; made < 20; made += 1) expect((await make()).status).toBe(201);
    expect((await make()).body.code).toBe('too_many_webhooks');
  });
});
