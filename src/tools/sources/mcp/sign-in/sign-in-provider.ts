import {
  type OAuthClientInformationContext,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { McpServerErrors } from '../mcp-servers.errors.js';
import { type ClientCredentials, type OAuthSignIn } from '../upstream-auth.js';
import { type SignInStore } from './sign-in-store.js';

/** Whose sign-in where there is one for all. */
export const EVERYONE = 'all';

export interface ProviderOptions {
  readonly serverId: string;
  readonly owner: string;
  readonly auth: OAuthSignIn | ClientCredentials;
  readonly redirectUrl: string;
  readonly store: SignInStore;
  /** The value of a secret, only for an issuer that it is bound to. */
  readonly secret: (name: string, issuer: string) => Promise<string>;
  /** Given while a person signs in; otherwise nobody is there who could. */
  readonly attempt?: { readonly state: string; readonly nonce: string };
}

/**
 * The SDK's OAuth client on top of the vault. Credentials are kept and sent by issuer: a server that names another
 * authorization server gets none of the first one's. [S46]
 */
export class SignInProvider implements OAuthClientProvider {
  /** Where the person has to go, once the SDK knows. */
  authorizationUrl?: URL;
  private discovered?: OAuthDiscoveryState;
  private lastTokens?: StoredOAuthTokens;

  constructor(private readonly options: ProviderOptions) {}

  get redirectUrl(): string | undefined {
    return this.options.auth.type === 'oauth' ? this.options.redirectUrl : undefined;
  }

  get clientMetadata(): OAuthClientMetadata {
    const { auth, redirectUrl } = this.options;
    const common = { client_name: 'mcp-server', ...(auth.scope && { scope: auth.scope }) };
    if (auth.type === 'client_credentials')
      return { ...common, redirect_uris: [], grant_types: ['client_credentials'] };
    return {
      ...common,
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: auth.secret === undefined ? 'none' : 'client_secret_basic',
    };
  }

  state(): string {
    return this.options.attempt?.state ?? '';
  }

  async clientInformation(
    context?: OAuthClientInformationContext,
  ): Promise<StoredOAuthClientInformation | undefined> {
    const { auth, secret, store, serverId } = this.options;
    const issuer = context?.issuer;
    if (issuer === undefined) return undefined;
    if (auth.clientId === undefined) return (await store.read('client', serverId, EVERYONE))?.[issuer];
    const value = auth.secret === undefined ? undefined : await secret(auth.secret, issuer);
    return { client_id: auth.clientId, issuer, ...(value !== undefined && { client_secret: value }) };
  }

  async saveClientInformation(
    client: StoredOAuthClientInformation,
    context?: OAuthClientInformationContext,
  ): Promise<void> {
    const { store, serverId } = this.options;
    const issuer = context?.issuer;
    if (issuer === undefined) return;
    const known = (await store.read('client', serverId, EVERYONE)) ?? {};
    await store.write('client', serverId, EVERYONE, { ...known, [issuer]: client });
  }

  async tokens(context?: OAuthClientInformationContext): Promise<StoredOAuthTokens | undefined> {
    const { store, serverId, owner } = this.options;
    this.lastTokens = await store.read('token', serverId, owner);
    const { issuer } = this.lastTokens ?? {};
    // Tokens of another issuer are not even refreshed.
    return context !== undefined && issuer !== undefined && issuer !== context.issuer
      ? undefined
      : this.lastTokens;
  }

  async saveTokens(tokens: StoredOAuthTokens, context?: OAuthClientInformationContext): Promise<void> {
    const { store, serverId, owner } = this.options;
    const stamped = { ...tokens, issuer: tokens.issuer ?? context?.issuer };
    await store.write('token', serverId, owner, stamped);
  }

  redirectToAuthorization(url: URL): void {
    if (this.options.attempt === undefined) throw McpServerErrors.upstream_sign_in_required();
    this.authorizationUrl = url;
  }

  async saveCodeVerifier(verifier: string): Promise<void> {
    const { attempt, store, serverId, owner } = this.options;
    if (attempt === undefined) return;
    await store.write('pending', serverId, owner, {
      nonce: attempt.nonce,
      verifier,
      discovery: this.discovered,
    });
  }

  async codeVerifier(): Promise<string> {
    const { store, serverId, owner, attempt } = this.options;
    const pending = await store.read('pending', serverId, owner);
    if (pending === undefined || pending.nonce !== attempt?.nonce) throw McpServerErrors.sign_in_expired();
    return pending.verifier;
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.discovered = state;
  }

  /** A sign-in ends where it began, whatever the server says meanwhile. */
  async discoveryState(): Promise<OAuthDiscoveryState | undefined> {
    const { store, serverId, owner, attempt } = this.options;
    if (attempt === undefined) return undefined;
    const pending = await store.read('pending', serverId, owner);
    return pending?.nonce === attempt.nonce ? pending.discovery : undefined;
  }

  /** Another instance may have renewed them meanwhile: those stay. */
  async invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): Promise<void> {
    const { store, serverId, owner } = this.options;
    if (scope === 'client' || scope === 'all') await store.forget('client', serverId, EVERYONE);
    if (scope !== 'tokens' && scope !== 'all') return;
    const now = await store.read('token', serverId, owner);
    if (now?.access_token === this.lastTokens?.access_token) await store.forget('token', serverId, owner);
  }

  prepareTokenRequest(scope?: string): URLSearchParams | undefined {
    const { auth } = this.options;
    if (auth.type === 'oauth') return undefined;
    const wanted = scope ?? auth.scope;
    return new URLSearchParams({ grant_type: 'client_credentials', ...(wanted && { scope: wanted }) });
  }
}
