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
import { EVERYONE, type SignInStore } from './sign-in-store.js';

/** Another sign-in registered this program at the same time, and was first: begin again with its registration. */
export class RegisteredMeanwhile extends Error {}

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
  /** The person has come back with a code. */
  private isReturn = false;
  private discovered?: OAuthDiscoveryState;
  private registered?: StoredOAuthClientInformation;
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
    if (auth.clientId === undefined) {
      this.registered = (await store.read('client', serverId, EVERYONE))?.[issuer];
      // A new registration is of use to a sign-in that begins, and to no other.
      if (this.registered === undefined && (this.options.attempt === undefined || this.isReturn))
        throw McpServerErrors.upstream_sign_in_required();
      return this.registered;
    }
    const value = auth.secret === undefined ? undefined : await secret(auth.secret, issuer);
    return { client_id: auth.clientId, issuer, ...(value !== undefined && { client_secret: value }) };
  }

  /**
   * A code and a refresh token are of use to the client only that they were given to (RFC 6749 sections 4.1.3 and 6), so
   * that all sign-ins share one registration, also those that other instances begin now. Throws RegisteredMeanwhile.
   */
  async saveClientInformation(
    client: StoredOAuthClientInformation,
    context?: OAuthClientInformationContext,
  ): Promise<void> {
    const { store, serverId } = this.options;
    const issuer = context?.issuer;
    if (issuer === undefined) return;
    this.registered = await store.register(serverId, issuer, client);
    if (this.registered.client_id !== client.client_id) throw new RegisteredMeanwhile();
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

  /** See SignInStore. */
  claimRenewal(): Promise<boolean> {
    return this.options.store.claimRenewal(this.options.serverId, this.options.owner);
  }

  async endRenewal(): Promise<void> {
    await this.options.store.forget('renewal', this.options.serverId, this.options.owner);
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
    this.isReturn = true;
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

  /** What another instance has renewed meanwhile stays. */
  async invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): Promise<void> {
    const { store, serverId, owner } = this.options;
    const { client_id: clientId, issuer } = this.registered ?? {};
    if ((scope === 'client' || scope === 'all') && clientId !== undefined && issuer !== undefined)
      await store.unregister(serverId, issuer, clientId);
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
