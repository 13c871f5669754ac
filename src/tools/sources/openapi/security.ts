import { type SecretAuth } from '../../secrets/authorised-fetch.js';
import { type Document, isRecord, type Node, recordsOf, textOf } from './references.js';

/** What an admin says about signing in; what is missing is read from the document. */
export type ImportAuth = Pick<SecretAuth, 'secret' | 'name' | 'username'> & {
  readonly type?: SecretAuth['type'];
};

/** How an operation wants to be signed in to: its first scheme that a secret can serve. */
export interface Needs {
  readonly isNeeded: boolean;
  /** It says itself that it wants none. */
  readonly isOpen: boolean;
  readonly scheme?: Pick<SecretAuth, 'type' | 'name'>;
  /** For people: `http basic`, `apiKey in header X-Api-Key`. */
  readonly text: string;
}

export function needsOf(document: Document, operation: Node): Needs {
  const wanted = operation.security ?? document.security;
  const alternatives = recordsOf(wanted);
  const isNeeded = alternatives.length > 0 && !alternatives.some((one) => Object.keys(one).length === 0);
  const schemes = isRecord(document.components) ? document.components.securitySchemes : undefined;
  const names = alternatives.flatMap((one) => Object.keys(one));
  const known = names.flatMap((name) => {
    const scheme = isRecord(schemes) ? schemes[name] : undefined;
    return isRecord(scheme) ? [scheme] : [];
  });
  const usable = known.map((scheme) => ({ scheme, as: schemeOf(scheme) })).find(({ as }) => as !== undefined);
  const first = usable?.scheme ?? known[0];
  const isOpen = Array.isArray(operation.security) && operation.security.length === 0;
  return {
    isNeeded,
    isOpen,
    scheme: usable?.as,
    text: first === undefined ? 'a credential' : describe(first),
  };
}

/** The credential of one operation: what the admin said, completed by what the document says. */
export function authOf(needs: Needs, auth: ImportAuth | undefined): SecretAuth | undefined {
  if (auth === undefined) return undefined;
  const type = auth.type ?? needs.scheme?.type ?? 'bearer';
  const name = auth.name ?? (needs.scheme?.type === type ? needs.scheme.name : undefined);
  return {
    type,
    secret: auth.secret,
    ...(name !== undefined && (type === 'header' || type === 'query') && { name }),
    ...(auth.username !== undefined && type === 'basic' && { username: auth.username }),
  };
}

function schemeOf(scheme: Node): Needs['scheme'] {
  const http = textOf(scheme.scheme).toLowerCase();
  if (scheme.type === 'http' && http === 'basic') return { type: 'basic' };
  if (scheme.type === 'http' && http === 'bearer') return { type: 'bearer' };
  if (scheme.type === 'apiKey' && (scheme.in === 'header' || scheme.in === 'query'))
    return { type: scheme.in, name: textOf(scheme.name) };
  return scheme.type === 'oauth2' || scheme.type === 'openIdConnect' ? { type: 'bearer' } : undefined;
}

function describe(scheme: Node): string {
  if (scheme.type === 'apiKey') return `apiKey in ${String(scheme.in)} ${String(scheme.name)}`;
  return scheme.type === 'http' ? `http ${String(scheme.scheme)}` : String(scheme.type);
}
