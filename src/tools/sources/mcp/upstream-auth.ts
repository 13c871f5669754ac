import { type SecretAuth } from '../../secrets/authorised-fetch.js';

/** How this server signs in at an upstream. Secrets are named, never held: their values are in the vault. */
export type UpstreamAuth = SecretAuth;
