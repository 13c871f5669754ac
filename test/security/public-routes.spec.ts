import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openApiDocument } from '../../src/platform/http/openapi.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Every route that answers a caller without a credential. A new line here is a decision, not a formality. [S26] */
const PUBLIC = [
  'GET /',
  // RFC 9728: where an MCP client finds out how to log in.
  'GET /.well-known/oauth-protected-resource',
  'GET /.well-known/oauth-protected-resource/mcp',
  'GET /api/status',
  // A browser comes back from an authorization server: the sealed state is its credential.
  'GET /api/v1/mcp-servers/oauth/callback',
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
  'GET /health/startup',
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/register',
];
/** Served by libraries, outside the guard: the API documentation. */
const DOCUMENTATION = /^\/api\/(?:docs|openapi\.json)/;

let server: TestApp;
let routes: { method: string; url: string }[];
beforeAll(async () => {
  server = await startTestApp();
  routes = routesOf(server);
});
afterAll(() => server?.stop());

/** All routes of the router itself, whoever registered them. */
function routesOf({ app }: TestApp): { method: string; url: string }[] {
  const tree = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const found: { method: string; url: string }[] = [];
  const path: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent = '', part = '', methods = ''] =
      /^([│ ]*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line) ?? [];
    if (part === '') continue;
    path.length = indent.length / 4;
    path.push(part);
    const url = path.join('').replace(/:\w+/g, '01890000-0000-7000-8000-000000000000');
    for (const method of methods
      .split(', ')
      .filter((name) => name !== '' && name !== 'OPTIONS' && name !== 'HEAD'))
      found.push({ method, url });
  }
  return found;
}

async function isOpen({ method, url }: { method: string; url: string }, options = {}): Promise<boolean> {
  const { status } = await server.call(method, url, options);
  return status !== 401;
}

it('[S26] every route but the listed ones needs a credential', async () => {
  const open: string[] = [];
  for (const route of routes.filter(({ url }) => !DOCUMENTATION.test(url)))
    if (await isOpen(route)) open.push(`${route.method} ${route.url}`);
  // A login without a body is 400, not 401: it counts as open. A refresh without a token is 401 by itself.
  expect([...new Set([...open, 'POST /api/v1/auth/refresh'])].sort()).toEqual(PUBLIC);
});

it('the walk over the router finds what the OpenAPI document lists', () => {
  const document = openApiDocument(server.app, '0');
  const listed = Object.entries(document.paths).flatMap(([url, item]) =>
    Object.keys(item).map(
      (method) =>
        `${method.toUpperCase()} ${url.replace(/\{\w+\}/g, '01890000-0000-7000-8000-000000000000')}`,
    ),
  );
  expect(listed.length).toBeGreaterThan(15);
  const walked = new Set(routes.map(({ method, url }) => `${method} ${url}`));
  expect(listed.filter((route) => !walked.has(route))).toEqual([]);
});

it('[S27] spellings of a path and of a method open nothing', async () => {
  const paths = [
    '/api/v1/users',
    '//api/v1/users',
    '/api/v1/users/',
    '/api/v1//users',
    '/API/V1/USERS',
    '/api/v1/%75sers',
    '/api/v1/./users',
    '/health/../api/v1/users',
    '/health/%2e%2e/api/v1/users',
    '/api/v1/users;/health',
    '/api/v1/users%00',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      const { status } = await server.call(method, path);
      expect([path, method, [400, 401, 404].includes(status)]).toEqual([path, method, true]);
    }
    const headers = {
      'x-http-method-override': 'GET',
      'x-original-url': '/health',
      'x-forwarded-prefix': '/health',
    };
    expect((await server.call('GET', path, { headers })).status).not.toBe(200);
  }
});
