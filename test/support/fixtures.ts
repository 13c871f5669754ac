import { randomUUID } from 'node:crypto';
import { type TestApp } from './test-app.js';

export type Params = Record<string, string>;

/** How to make what a path parameter names, as user A, and what a stranger gets who asks for it. */
export interface Fixture {
  make(server: TestApp, token: string): Promise<Params>;
  /** Roles of strangers that are refused alike for an existing and an unknown id; others may see the object. */
  readonly strangers: readonly ('member' | 'admin')[];
  /** What strangers get: 404, or 403 where the role is not enough whatever the id. */
  readonly status: 404 | 403;
}

/** Paths that start with `prefix` take their parameters from this fixture. The longest prefix wins. */
export const FIXTURES: Record<string, Fixture> = {
  '/api/v1/api-keys/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => ({
      id: await created(server, token, '/api/v1/api-keys', { name: 'key', scopes: ['runs'] }),
    }),
  },
  '/api/v1/agents/{name}': {
    strangers: ['member'],
    status: 404,
    make: async (server, token) => {
      const name = `private-${randomUUID().slice(0, 8)}`;
      const body = { name, description: 'Mine', instructions: 'Help me.', shared: false };
      await created(server, token, '/api/v1/agents', body);
      return { name };
    },
  },
  '/api/v1/conversations/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => {
      const id = await created(server, token, '/api/v1/conversations', { title: 'Private' });
      const route = `/api/v1/conversations/${id}/messages`;
      return { id, messageId: await created(server, token, route, { content: 'A secret' }) };
    },
  },
  '/api/v1/memories/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => {
      const body = { arguments: { text: `A note ${randomUUID()}` } };
      const saved = await server.call('POST', '/api/v1/tools/memory_save/call', { token, body });
      return { id: saved.body.structuredContent.id };
    },
  },
  '/api/v1/runs/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => {
      const run = await server.call('POST', '/api/v1/runs', { token, body: { input: 'Hello' } });
      const id = run.body.id as string;
      await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=10000`, { token });
      return { id };
    },
  },
  '/api/v1/approvals/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => {
      const run = await server.call('POST', '/api/v1/runs', { token, body: { input: 'Hello' } });
      await server.call('GET', `/api/v1/runs/${run.body.id}/wait?timeoutMs=10000`, { token });
      const id = randomUUID();
      await server.sql(
        `insert into approvals (id, run_id, user_id, kind, reason, step, attempt, agent, tool, definition_hash,
             requested_arguments, requested_hash, arguments, arguments_hash, status, expires_at)
         select $1, id, user_id, 'tool_call', 'policy', 'a/t:1', 0, agent, 'calculator', '', '{}', '', '{}', '', 'pending',
                now() + interval '1 hour' from runs where id = $2`,
        [id, run.body.id],
      );
      return { id };
    },
  },
  '/api/v1/schedules/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => ({
      id: await created(server, token, '/api/v1/schedules', { name: 'x', input: 'Hi', cron: '0 0 1 1 *' }),
    }),
  },
  '/api/v1/sessions/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => {
      const sessions = await server.call('GET', '/api/v1/sessions', { token });
      const id = sessions.body.items[0].id as string;
      await server.call('PUT', `/api/v1/sessions/${id}/context/note`, { token, body: { value: 'mine' } });
      return { id, key: 'note' };
    },
  },
  '/api/v1/webhooks/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => ({
      id: await created(server, token, '/api/v1/webhooks', { url: 'https://example.com/hook' }),
    }),
  },
  '/api/v1/secrets/{name}': {
    strangers: ['member'],
    status: 403,
    make: async (server, token) => {
      const name = `private-${randomUUID().slice(0, 8)}`;
      const body = { value: 'a-secret-value', origins: ['https://api.example.com'] };
      await server.call('PUT', `/api/v1/secrets/${name}`, { token, body });
      return { name };
    },
  },
  '/api/v1/tool-results/{id}': {
    strangers: ['member', 'admin'],
    status: 404,
    make: async (server, token) => {
      const me = await server.call('GET', '/api/v1/auth/me', { token });
      const id = randomUUID();
      await server.sql(
        `insert into tool_results (id, user_id, tool, mime_type, content, truncated, expires_at)
         values ($1, $2, 'read_file', 'text/plain', 'A secret', false, now() + interval '1 hour')`,
        [id, me.body.id],
      );
      return { id };
    },
  },
  '/api/v1/tool-imports/{name}': {
    strangers: ['member'],
    status: 403,
    make: async (server, token) => {
      const name = `private-${randomUUID().slice(0, 8)}`;
      const document = { openapi: '3.0.0', servers: [{ url: 'https://api.example.com' }], paths: {} };
      await server.call('POST', '/api/v1/tool-imports/openapi', { token, body: { name, document } });
      return { name };
    },
  },
  '/api/v1/users/{id}': {
    strangers: ['member'],
    status: 403,
    make: async (server, token) => ({ id: (await server.call('GET', '/api/v1/auth/me', { token })).body.id }),
  },
};

/** Paths whose parameter names something that everyone may see, with the reason. */
export const SHARED: Record<string, string> = {
  '/api/v1/mcp-servers/{id}':
    'one list of upstream servers; only admins change it, tested in mcp-servers.spec.ts',
  '/api/v1/workspaces/{name}': 'one list of repositories, for everyone who may see tools',
  '/api/v1/tools/{name}': 'one registry of tools; access rules of a tool are tested in tools.spec.ts',
};

/** A valid body for operations that need one, so that the id is what decides the answer. */
export const BODIES: Record<string, object | ((params: Params) => object)> = {
  'POST /api/v1/approvals/{id}': { decision: 'approve' },
  'PATCH /api/v1/agents/{name}': { description: 'Changed' },
  'PATCH /api/v1/conversations/{id}': { title: 'Changed' },
  'PATCH /api/v1/conversations/{id}/messages/{messageId}': { content: 'Intruder' },
  'POST /api/v1/agents/{name}/rollback': { version: 1 },
  'POST /api/v1/conversations/{id}/fork': ({ messageId }) => ({ messageId }),
  'POST /api/v1/conversations/{id}/messages': { content: 'Intruder' },
  'POST /api/v1/conversations/{id}/runs': { input: 'Intruder' },
  'PUT /api/v1/secrets/{name}': { value: 'another-value', origins: ['https://api.example.com'] },
  'PATCH /api/v1/schedules/{id}': { name: 'Changed' },
  'PUT /api/v1/sessions/{id}/context/{key}': { value: 'changed' },
  'PATCH /api/v1/webhooks/{id}': { enabled: false },
  'PATCH /api/v1/users/{id}': { name: 'Changed' },
  'PUT /api/v1/users/{id}/budget': { tokensPerDay: 1, usdPerDay: null },
};

export function fixtureOf<T>(table: Record<string, T>, path: string): T | undefined {
  const prefixes = Object.keys(table).filter((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return table[prefixes.sort((a, b) => b.length - a.length)[0] ?? ''];
}

/** An id of the same kind that names nothing. */
export function unknownLike(params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      /^[0-9a-f-]{36}$/.test(value) ? randomUUID() : `private-${randomUUID().slice(0, 8)}`,
    ]),
  );
}

async function created(server: TestApp, token: string, route: string, body: unknown): Promise<string> {
  const answer = await server.call('POST', route, { token, body });
  if (answer.status !== 201) throw new Error(`${route}: ${JSON.stringify(answer.body)}`);
  return answer.body.id as string;
}
