import { describe, expect, it } from '@jest/globals';
import { type Actor, type Scope, scopesOf } from '../../../src/common/actor.js';
import { decide } from '../../../src/tools/tool-access.js';
import { DEFAULT_POLICY, defaultAccess } from '../../../src/tools/tool-defaults.js';
import { type ToolDefinition } from '../../../src/tools/tool.js';

const actor = (role: 'admin' | 'member', scopes: Iterable<Scope> = scopesOf(role), userId = 'u1'): Actor => ({
  userId,
  role,
  scopes: new Set(scopes),
});
const tool = (changes: Partial<ToolDefinition> = {}): ToolDefinition => ({
  name: 't',
  title: 't',
  description: 't',
  inputSchema: { type: 'object' },
  annotations: {},
  kind: 'builtin',
  source: {},
  policy: DEFAULT_POLICY,
  enabled: true,
  requiredScopes: [],
  access: { roles: [], users: [], agents: [] },
  version: 1,
  definitionHash: 'x',
  state: 'active',
  ...changes,
});
const open = { roles: [], users: [], agents: [] };

describe('[S66] who may use a tool', () => {
  it.each<[string, Partial<ToolDefinition>, Actor, string | undefined, boolean, string | undefined]>([
    ['everyone with the scope', {}, actor('member'), undefined, true, undefined],
    ['no scope to call', {}, actor('member', ['tools:read']), undefined, true, 'insufficient_scope'],
    [
      'a scope of the tool is missing',
      { requiredScopes: ['admin'] },
      actor('member'),
      undefined,
      true,
      'insufficient_scope',
    ],
    [
      'another role',
      { access: { ...open, roles: ['admin'] } },
      actor('member'),
      undefined,
      false,
      'tool_not_found',
    ],
    [
      'named user',
      { access: { ...open, roles: ['admin'], users: ['u1'] } },
      actor('member'),
      undefined,
      true,
      undefined,
    ],
    [
      'another user',
      { access: { ...open, users: ['u2'] } },
      actor('member'),
      undefined,
      false,
      'tool_not_found',
    ],
    [
      'an admin sees what he may not call',
      { access: { ...open, users: ['u2'] } },
      actor('admin'),
      undefined,
      true,
      'tool_not_found',
    ],
    ['the agent is named', { access: { ...open, agents: ['a'] } }, actor('member'), 'a', true, undefined],
    ['another agent', { access: { ...open, agents: ['a'] } }, actor('member'), 'b', false, 'tool_not_found'],
    [
      'an agent of an admin is no admin',
      { access: { ...open, agents: ['a'] } },
      actor('admin'),
      'b',
      false,
      'tool_not_found',
    ],
    [
      'a person, whatever agents are named',
      { access: { ...open, agents: ['a'] } },
      actor('member'),
      undefined,
      true,
      undefined,
    ],
    ['disabled', { enabled: false }, actor('member'), undefined, true, 'tool_disabled'],
    ['unavailable', { state: 'unavailable' }, actor('member'), undefined, true, 'tool_unavailable'],
    ['quarantined', { state: 'quarantined' }, actor('member'), undefined, false, 'tool_not_found'],
  ])('%s', (_, changes, who, agent, visible, refusal) => {
    const decision = decide(tool(changes), who, agent);
    expect([decision.visible, decision.refusal?.().code]).toEqual([visible, refusal]);
  });

  it('what says that it destroys is for admins at first', () => {
    expect(defaultAccess({ destructiveHint: true }).roles).toEqual(['admin']);
    expect(defaultAccess({ readOnlyHint: true, destructiveHint: true }).roles).toEqual([]);
    expect(defaultAccess({}).roles).toEqual([]);
  });
});
