import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ROUTE = '/api/v1/agents';
let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp();
  token = await server.login();
});
afterAll(() => server?.stop());

const YAML = `name: greeter
description: Greets people.
instructions: Greet {{who}}.
variables:
  who: { description: Whom, default: everybody }
tools: [datetime]
subAgents: [writer]
pattern: supervisor
outputSchema: { type: object, properties: { text: { type: string } } }
`;
const take = (body: object, by = token) => server.call('POST', `${ROUTE}/import`, { token: by, body });
const read = async (path = '') => (await server.call('GET', `${ROUTE}/greeter${path}`, { token })).body;

describe('agents as YAML', () => {
  it('are tried without a trace, made, left alone, changed by a version', async () => {
    const plan = await take({ yaml: YAML, dryRun: true });
    expect([plan.status, plan.body]).toEqual([
      200,
      { name: 'greeter', action: 'created', changes: [], dryRun: true },
    ]);
    expect((await read()).code).toBe('agent_not_found');
    expect((await take({ yaml: YAML })).body.action).toBe('created');
    expect(await read()).toMatchObject({
      version: 1,
      shared: true,
      variables: { who: { default: 'everybody' } },
    });
    expect((await take({ yaml: YAML })).body).toMatchObject({ action: 'unchanged', changes: [] });
    const changed = YAML.replace('Greets people.', 'Greets all.');
    const difference = { field: 'description', from: 'Greets people.', to: 'Greets all.' };
    const planned = await take({ yaml: changed, dryRun: true });
    expect(planned.body).toMatchObject({ action: 'updated', changes: [difference], dryRun: true });
    expect((await read()).version).toBe(1);
    expect((await take({ yaml: changed })).body.changes).toEqual([difference]);
    expect(await read()).toMatchObject({ version: 2, description: 'Greets all.' });
  });

  it('are exported as they are imported', async () => {
    const answer = await server.call('GET', `${ROUTE}/greeter/export`, { token });
    expect(answer.headers.get('content-type')).toContain('application/yaml');
    expect(answer.body).toMatch(/^name: greeter\n/);
    expect((await take({ yaml: answer.body })).body.action).toBe('unchanged');
  });

  it('go back to an earlier version', async () => {
    const back = await server.call('POST', `${ROUTE}/greeter/rollback`, { token, body: { version: 1 } });
    expect(back.body).toMatchObject({ version: 1, description: 'Greets people.' });
    const versions = await read('/versions');
    const current = versions.items.map((item: { version: number; current: boolean }) => [
      item.version,
      item.current,
    ]);
    expect(current).toEqual([
      [2, false],
      [1, true],
    ]);
    const none = await server.call('POST', `${ROUTE}/greeter/rollback`, { token, body: { version: 9 } });
    expect([none.status, none.body.code]).toEqual([404, 'agent_version_not_found']);
  });

  it('are refused with a reason, and a member cannot change a shared one', async () => {
    const wrong: [string, RegExp][] = [
      ['name: [', /./],
      ['name: x\ncolour: blue\ndescription: d\ninstructions: i', /colour/],
      [YAML.replace('{{who}}', '{{nobody}}'), /unknown variables: nobody/],
      [YAML.replace('[writer]', '[nobody]'), /there is no such agent/],
      [`a: &a [x]\n${'bcdefghijklm'.replace(/./g, (key) => `${key}: [*a,*a]\n`)}`, /alias/i],
    ];
    for (const [yaml, message] of wrong) {
      const answer = await take({ yaml, dryRun: true });
      expect([answer.status, answer.body.errors[0].message]).toEqual([400, expect.stringMatching(message)]);
    }
    const member = await addMember(server);
    const changed = await take({ yaml: YAML.replace('Greets people.', 'Mine') }, member.token);
    expect([changed.status, changed.body.code]).toEqual([403, 'agent_is_shared']);
    expect((await take({ yaml: YAML.replace('greeter', 'own') }, member.token)).body.action).toBe('created');
    expect((await server.call('GET', `${ROUTE}/own`, { token })).status).toBe(404);
  });
});
