import { type SecretAuth } from '../../secrets/authorised-fetch.js';

/** OAuth 2.1 client credentials (RFC 6749 section 4.4) at the authorization server that the MCP server names. */
export interface ClientCredentials {
  readonly type: 'client_credentials';
  readonly clientId: string;
  readonly secret: string;
  readonly scope?: string;
}

/** OAuth 2.1 authorization code with PKCE: one sign-in for all, or one of each user. */
export interface OAuthSignIn {
  readonly type: 'oauth';
  readonly per: 'server' | 'user';
  readonly clientId?: string;
  readonly secret?: string;
  readonly scope?: string;
}

/** How this server signs in at an upstream. Secrets are named, never held: their values are in the vault. */
export type UpstreamAuth = SecretAuth | ClientCredentials | OAuthSignIn;

/** A secret that is sent with every request. The others sign in first. */
export function isSecretAuth(auth: UpstreamAuth): auth is SecretAuth {
  return auth.type !== 'client_credentials' && auth.type !== 'oauth';
}
