import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server?.stop());

describe('login', () => {
  it('gives a token pair that opens /auth/me', async () => {
    const login = await server.call('POST', '/api/v1/auth/login', { body: ADMIN });
    expect(login.status).toBe(200);
    expect(login.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    const me = await server.call('GET', '/api/v1/auth/me', { token: login.body.accessToken });
    expect(me.body).toMatchObject({ email: ADMIN.email, role: 'admin' });
    expect(me.body).not.toHaveProperty('passwordHash');
  });

  it('[S17] answers a wrong password and an unknown user alike', async () => {
    const wrong = await server.call('POST', '/api/v1/auth/login', {
      body: { ...ADMIN, password: 'not it at all' },
    });
    const unknown = await server.call('POST', '/api/v1/auth/login', {
      body: { ...ADMIN, email: 'nobody@example.com' },
    });
    expect(wrong.status).toBe(401);
    const { traceId: _a, ...first } = wrong.body;
    const { traceId: _b, ...second } = unknown.body;
    expect(first).toEqual(second);
  });

  it('names the field of a bad body', async () => {
    const answer = await server.call('POST', '/api/v1/auth/login', {
      body: { email: 'no', password: 'x', role: 'admin' },
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.code).toBe('invalid_request');
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain('email');
  });
});

describe('the guard', () => {
  it('answers 401 with a challenge when there is no credential', async () => {
    const answer = await server.call('GET', '/api/v1/auth/me');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });
});
