import { describe, expect, it } from '@jest/globals';
import { type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '../../../src/auth/auth.guard.js';
import { AuthErrors } from '../../../src/auth/auth.errors.js';
import { CommonErrors } from '../../../src/common/common.errors.js';
import { Public } from '../../../src/common/public.decorator.js';
import { readEnv } from '../../../src/config/env.js';

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
const SCOPE = 'scope="mcp tools:read tools:call"';

class Routes {
  closed() {}
  open() {}
}
Public()(Routes.prototype, 'open', Object.getOwnPropertyDescriptor(Routes.prototype, 'open') as never);

/** Asks the guard about a request to `route`; `found` is what its credential leads to. */
async function ask(
  route: string,
  authorization?: string,
  found: Error = AuthErrors.invalid_token(),
  open = false,
) {
  const headers: Record<string, string> = {};
  const doors: string[] = [];
  const auth = {
    authenticate: async (_: string, door: string) => {
      doors.push(door);
      throw found;
    },
  };
  const env = readEnv({ PUBLIC_URL: 'https://mcp.example.com' });
  const guard = new AuthGuard(new Reflector(), auth as never, { take: async () => undefined } as never, env);
  const request = { url: '/any', ip: '192.0.2.1', headers: { authorization }, routeOptions: { url: route } };
  const reply = { header: (name: string, value: string) => void (headers[name] = value) };
  const context = {
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }),
    getHandler: () => (open ? Routes.prototype.open : Routes.prototype.closed),
    getClass: () => Routes,
  } as unknown as ExecutionContext;
  const passed = await guard.canActivate(context).catch((error: { code: string }) => error.code);
  return { passed, doors, challenge: headers['www-authenticate'] };
}

describe('the challenge of the guard', () => {
  it('tells an MCP client where the metadata is and what to ask for (RFC 9728 section 5.1)', async () => {
    expect(await ask('/mcp')).toEqual({
      passed: 'unauthenticated',
      doors: [],
      challenge: `Bearer ${SCOPE}, resource_metadata="${METADATA}"`,
    });
    expect(await ask('/mcp', 'Bearer bad')).toEqual({
      passed: 'invalid_token',
      doors: ['mcp'],
      challenge: `Bearer error="invalid_token", ${SCOPE}, resource_metadata="${METADATA}"`,
    });
  });

  it('tells a key without the scope mcp what it lacks', async () => {
    const { passed, challenge } = await ask('/mcp', 'Bearer narrow', CommonErrors.insufficient_scope());
    expect(passed).toBe('insufficient_scope');
    expect(challenge).toBe(`Bearer error="insufficient_scope", ${SCOPE}, resource_metadata="${METADATA}"`);
  });

  it('goes by the route, so that no spelling of the URL changes the door', async () => {
    expect((await ask('/api/v1/users', 'Bearer x')).doors).toEqual(['api']);
    expect((await ask('/mcpx', 'Bearer x')).doors).toEqual(['api']);
    expect((await ask('/mcp/:id', 'Bearer x')).doors).toEqual(['mcp']);
  });

  it.each(['Basic dTpw', 'Bearer', 'Bearer a b', 'bearerx', 'Token x', ''])(
    'takes no %p as a bearer token',
    async (text) => {
      expect(await ask('/api/v1/users', text)).toMatchObject({ passed: 'unauthenticated', doors: [] });
    },
  );

  it('lets a bad credential, and a database that is away, pass on a public route', async () => {
    expect((await ask('/health', 'Bearer bad', AuthErrors.invalid_token(), true)).passed).toBe(true);
    expect((await ask('/health', 'Bearer x', CommonErrors.database_unavailable(), true)).passed).toBe(true);
    expect((await ask('/api/v1/users', 'Bearer x', CommonErrors.database_unavailable())).passed).toBe(
      'database_unavailable',
    );
  });
});
