import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import {
  BODIES,
  FIXTURES,
  type Fixture,
  fixtureOf,
  type Params,
  SHARED,
  unknownLike,
} from '../support/fixtures.js';
import { type Operation, operations } from '../support/routes.js';
import { startTestApp, type TestApp, type TestResponse } from '../support/test-app.js';

/** Routes that answer without a credential. */
const PUBLIC = [
  'GET /',
  'GET /.well-known/oauth-protected-resource',
  'GET /.well-known/oauth-protected-resource/mcp',
  'GET /api/status',
  'GET /api/v1/mcp-servers/oauth/callback',
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
  'GET /health/startup',
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/register',
];

let server: TestApp;
let owner: string;
let all: Operation[];
let withId: Operation[];
const strangers: Record<string, string> = {};
beforeAll(async () => {
  server = await startTestApp();
  owner = await server.login();
  for (const role of ['member', 'admin'] as const) strangers[role] = (await addMember(server, role)).token;
  all = await operations(server);
  withId = all.filter(({ path }) => path.includes('{'));
});
afterAll(() => server?.stop());

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;
const fill = (path: string, params: Params) => path.replaceAll(/\{(\w+)\}/g, (_, name) => params[name] ?? '');

function ask(operation: Operation, params: Params, token?: string): Promise<TestResponse> {
  const { method, path } = operation;
  const body = BODIES[nameOf(operation)];
  return server.call(method, fill(path, params), {
    token,
    body: typeof body === 'function' ? body(params) : body,
  });
}

/** All of an answer that a stranger could learn from. */
function comparable({ status, headers, body }: TestResponse): unknown {
  const { instance: _instance, traceId: _traceId, ...problem } = body;
  const kept = [...headers].filter(
    ([name]) => !/^(date|x-request-id|content-length|ratelimit-.*)$/.test(name),
  );
  return { status, headers: Object.fromEntries(kept), problem };
}

describe('[S19] two users', () => {
  it('every route with an id has a fixture', () => {
    const without = withId.filter(
      ({ path }) => fixtureOf(FIXTURES, path) === undefined && fixtureOf(SHARED, path) === undefined,
    );
    expect(without.map(nameOf)).toEqual([]);
    expect(withId.length).toBeGreaterThan(8);
  });

  it('every fixture and body belongs to a route', () => {
    const paths = withId.map(({ path }) => path);
    for (const prefix of [...Object.keys(FIXTURES), ...Object.keys(SHARED)]) {
      expect(paths.filter((path) => path.startsWith(prefix))).not.toEqual([]);
    }
    expect(Object.keys(BODIES).filter((name) => !all.map(nameOf).includes(name))).toEqual([]);
  });

  it('a stranger learns nothing from an id that exists, and changes nothing', async () => {
    let compared = 0;
    for (const operation of withId) {
      const fixture = fixtureOf(FIXTURES, operation.path);
      if (fixture === undefined) continue;
      await compare(operation, fixture);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(8);
  }, 120_000);

  it('who asks at the same moment gets his own', async () => {
    const people = await Promise.all(
      [owner, strangers['member'] ?? ''].map(async (token, at) => {
        const make = async (path: string, body: object) =>
          (await server.call('POST', path, { token, body })).body;
        const spec = { name: 'twin', description: `Of ${at}`, instructions: `For ${at}` };
        await make('/api/v1/agents', { ...spec, shared: false });
        const { id } = await make('/api/v1/runs', { input: `Hello from ${at}` });
        const { key } = await make('/api/v1/api-keys', {
          name: `of ${at}`,
          scopes: ['runs', 'agents:read'],
        });
        const { body } = await server.call('GET', '/api/v1/auth/me', { token });
        return { at, key: String(key), run: String(id), user: body.id };
      }),
    );
    const questions = Array.from({ length: 20 }, () => people).flat();
    const told = await Promise.all(
      questions.map(async ({ at, key, run }) => {
        const other = people[1 - at]?.run ?? '';
        const paths = ['/auth/me', '/agents/twin', `/runs/${run}`, `/runs/${other}`];
        const [me, agent, own, foreign] = await Promise.all(
          paths.map((path) => server.call('GET', `/api/v1${path}`, { token: key })),
        );
        return [me?.body.id, agent?.body.description, own?.body.id, foreign?.status];
      }),
    );
    expect(told).toEqual(questions.map(({ at, run, user }) => [user, `Of ${at}`, run, 404]));
  });

  it('nobody gets in without a credential', async () => {
    const open: string[] = [];
    for (const operation of all) {
      const params = Object.fromEntries(
        [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => [match[1] ?? '', randomUUID()]),
      );
      const { status } = await ask(operation, params);
      if (status !== 401 || PUBLIC.includes(nameOf(operation))) open.push(nameOf(operation));
    }
    expect(open.sort()).toEqual(PUBLIC);
  });
});

async function compare(operation: Operation, fixture: Fixture): Promise<void> {
  const params = await fixture.make(server, owner);
  const reads = withId.filter(
    ({ method, path }) => method === 'GET' && fixtureOf(FIXTURES, path) === fixture && isPlain(path),
  );
  const readAll = () => Promise.all(reads.map(async (read) => (await ask(read, params, owner)).body));
  const before = await readAll();
  for (const role of fixture.strangers) {
    const foreign = await ask(operation, params, strangers[role]);
    const unknown = await ask(operation, unknownLike(params), strangers[role]);
    expect([nameOf(operation), role, foreign.status, foreign.body.code]).toEqual([
      nameOf(operation),
      role,
      fixture.status,
      unknown.body.code,
    ]);
    expect(comparable(foreign)).toEqual(comparable(unknown));
  }
  expect(await readAll()).toEqual(before);
}

/** Streams and waits never end or change by themselves. */
function isPlain(path: string): boolean {
  return !/\/(events|wait)$/.test(path);
}
