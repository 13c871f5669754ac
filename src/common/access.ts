import { type Actor, type Scope } from './actor.js';
import { CommonErrors } from './common.errors.js';

/** The access check of services: throws `insufficient_scope` unless the caller holds every one of these scopes. */
export function requireScopes(actor: Actor, ...scopes: Scope[]): void {
  const missing = scopes.filter((scope) => !actor.scopes.has(scope));
  if (missing.length > 0)
    throw CommonErrors.insufficient_scope(`The credential lacks the scope ${missing.join(', ')}.`);
}

/**
 * Credentials (sessions, keys, the password) are managed by a login, or by a key that holds `admin`: a leaked
 * narrow key must not be able to make others, or to end its owner's sessions.
 */
export function requireAccountAccess(actor: Actor): void {
  if (actor.sessionId === undefined) requireScopes(actor, 'admin');
}
