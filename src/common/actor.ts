/** What a credential may do. A login has all scopes of its role; an API key has those it was made with. */
export const SCOPES = [
  'conversations',
  'runs',
  'tools:read',
  'tools:call',
  'tools:manage',
  'agents:read',
  'agents:manage',
  'mcp',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes that only an admin can hold, whatever a key was made with. */
const ADMIN_SCOPES: readonly Scope[] = ['admin', 'tools:manage'];

export type Role = 'admin' | 'member';

/** Who asks. The first argument of every service method; the access check there is its first statement. */
export interface Actor {
  readonly userId: string;
  /** What the credential acts as: an admin's key without the scope `admin` acts as a member. */
  readonly role: Role;
  readonly scopes: ReadonlySet<Scope>;
  /** The login session, when the caller came by a login token. */
  readonly sessionId?: string;
  /** The API key, when the caller came by one. */
  readonly apiKeyId?: string;
}

/** The actor of a key: it holds those of the key's scopes that its owner's role may hold today. */
export function actorOfKey(
  owner: { readonly id: string; readonly role: Role },
  key: { readonly id: string; readonly scopes: readonly Scope[] },
): Actor {
  const held = scopesOf(owner.role);
  const scopes = new Set(key.scopes.filter((scope) => held.has(scope)));
  return {
    userId: owner.id,
    role: scopes.has('admin') ? owner.role : 'member',
    scopes,
    apiKeyId: key.id,
  };
}

/** All scopes that a role may hold. */
export function scopesOf(role: Role): ReadonlySet<Scope> {
  return new Set(SCOPES.filter((scope) => role === 'admin' || !ADMIN_SCOPES.includes(scope)));
}
