import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { auth, IssuerMismatchError } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { AuditLog } from '../../../../audit/audit-log.service.js';
import { requireScopes } from '../../../../common/access.js';
import { type Actor } from '../../../../common/actor.js';
import { Sealer } from '../../../../platform/secrets/sealer.js';
import { ownErrorIn, toUpstreamError } from '../client/upstream-error.js';
import { McpServerErrors } from '../mcp-servers.errors.js';
import { type OAuthSignIn } from '../upstream-auth.js';
import { type Upstream } from '../upstream-servers.service.js';
import { RegisteredMeanwhile, type SignInProvider } from './sign-in-provider.js';
import { SignInEffects } from './sign-in-effects.js';
import { SignInProviders } from './sign-in-providers.js';
import { EVERYONE, SignInStore } from './sign-in-store.js';

const TTL_MS = 10 * 60_000;
const SIGN_IN_MS = 20_000;
const PLACE = 'mcp-sign-in-state';

const State = z.object({
  serverId: z.uuid(),
  userId: z.uuid(),
  isManager: z.boolean(),
  nonce: z.uuid(),
  expiresAt: z.number(),
});
type State = z.infer<typeof State>;

export interface SignInState {
  readonly signedIn: boolean;
  readonly scope: string | null;
  readonly renewedAt: string | null;
  readonly pending: boolean;
}

/** What the authorization server sends back. */
export interface Callback {
  readonly state: string;
  readonly code?: string;
  readonly iss?: string;
  readonly error?: string;
}

/** Signing in at upstream MCP servers by OAuth: the person goes to their authorization server and comes back here. */
@Injectable()
export class SignIns {
  constructor(
    private readonly providers: SignInProviders,
    private readonly store: SignInStore,
    private readonly effects: SignInEffects,
    private readonly sealer: Sealer,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Begins a sign-in and gives the address that the person has to open. Throws `sign_in_not_needed`, `upstream_*`,
   * `egress_denied` for an authorization server that may not be reached.
   */
  async start(actor: Actor, serverId: string): Promise<{ authorizationUrl: string }> {
    requireScopes(actor, 'tools:call');
    const { upstream, owner } = await this.target(actor, serverId);
    const nonce = randomUUID();
    const isManager = actor.scopes.has('tools:manage');
    const state: State = { serverId, userId: actor.userId, isManager, nonce, expiresAt: Date.now() + TTL_MS };
    const attempt = { nonce, state: this.sealer.seal(PLACE, JSON.stringify(state)) };
    const provider = this.provider(upstream, owner, attempt);
    await this.run(upstream, provider, { forceReauthorization: true });
    const url = provider.authorizationUrl;
    if (url === undefined) throw McpServerErrors.upstream_unauthorised();
    // A person's browser opens it: no other scheme than the web's, no address of the inside. [C13]
    this.effects.checkUrl(url.href);
    return { authorizationUrl: url.href };
  }

  /** Whose account would be connected to what: asked before anything is exchanged. Throws `sign_in_expired`. */
  async describe(stateText: string): Promise<{ server: string; account: string }> {
    const state = this.open(stateText);
    const upstream = await this.effects.upstream(state.serverId);
    return { server: upstream.row.name, account: await this.effects.accountOf(state.userId) };
  }

  /**
   * Ends a sign-in: exchanges the code for tokens and keeps them. Works once. Throws `sign_in_expired`,
   * `sign_in_refused`, `upstream_*`.
   */
  async finish({ state: stateText, code, iss, error }: Callback): Promise<void> {
    const state = this.open(stateText);
    const upstream = await this.effects.upstream(state.serverId);
    const owner = ownerOf(upstream, state.userId);
    if (error !== undefined || code === undefined) {
      await this.store.forget('pending', state.serverId, owner ?? EVERYONE);
      throw McpServerErrors.sign_in_refused();
    }
    const provider = this.provider(upstream, owner, { nonce: state.nonce, state: stateText });
    // Also for a replay: without the verifier there is no exchange.
    await provider.codeVerifier();
    try {
      await this.run(upstream, provider, { authorizationCode: code, iss });
    } finally {
      await this.store.forget('pending', state.serverId, owner ?? EVERYONE);
    }
    await this.effects.signedIn(upstream, owner, state);
    const actor: Actor = { userId: state.userId, role: 'member', scopes: new Set() };
    await this.audit.record(
      actor,
      'mcp_server.signed_in',
      { type: 'mcp_server', id: state.serverId },
      {
        per: owner === undefined ? 'server' : 'user',
      },
    );
  }

  /** Is there a sign-in that this caller's calls would use, or one that was begun and not ended? */
  async status(actor: Actor, serverId: string): Promise<SignInState> {
    requireScopes(actor, 'tools:call');
    const upstream = await this.effects.upstream(serverId);
    const owner = ownerOf(upstream, actor.userId) ?? EVERYONE;
    // In this order: what ends while we look has left its tokens before it stops pending.
    const begunAt = await this.store.writtenAt('pending', serverId, owner);
    const tokens = await this.store.read('token', serverId, owner);
    const renewedAt = await this.store.writtenAt('token', serverId, owner);
    return {
      signedIn: tokens !== undefined,
      scope: tokens?.scope ?? null,
      renewedAt: renewedAt?.toISOString() ?? null,
      pending: begunAt !== undefined && begunAt.getTime() + TTL_MS > Date.now(),
    };
  }

  /** Forgets the tokens. */
  async end(actor: Actor, serverId: string): Promise<void> {
    requireScopes(actor, 'tools:call');
    const { owner } = await this.target(actor, serverId);
    await this.store.forget('token', serverId, owner ?? EVERYONE);
    this.effects.signedOut(serverId, owner);
    await this.audit.record(actor, 'mcp_server.signed_out', { type: 'mcp_server', id: serverId });
  }

  private async target(
    actor: Actor,
    serverId: string,
  ): Promise<{ upstream: Upstream; owner: string | undefined }> {
    const upstream = await this.effects.upstream(serverId);
    const owner = ownerOf(upstream, actor.userId);
    if (owner === undefined) requireScopes(actor, 'tools:manage');
    return { upstream, owner };
  }

  private provider(
    upstream: Upstream,
    owner: string | undefined,
    attempt: { nonce: string; state: string },
  ): SignInProvider {
    const provider = this.providers.of(upstream, owner, attempt);
    if (provider === undefined) throw McpServerErrors.sign_in_not_needed();
    return provider;
  }

  private async run(
    upstream: Upstream,
    provider: SignInProvider,
    options: { forceReauthorization?: boolean; authorizationCode?: string; iss?: string },
  ): Promise<void> {
    try {
      const { url, fetchFn } = this.effects.way(upstream, AbortSignal.timeout(SIGN_IN_MS));
      const run = () => auth(provider, { serverUrl: url, fetchFn, ...options });
      await run().catch((error: unknown) => {
        if (error instanceof RegisteredMeanwhile) return run();
        throw error;
      });
    } catch (error) {
      if (error instanceof IssuerMismatchError)
        throw McpServerErrors.sign_in_refused(undefined, { cause: error });
      throw ownErrorIn(error) ?? toUpstreamError(error, upstream.row.name);
    }
  }

  private open(text: string): State {
    try {
      const state = State.parse(JSON.parse(this.sealer.open(PLACE, text)));
      if (state.expiresAt > Date.now()) return state;
    } catch {
      // Not ours, or changed on the way.
    }
    throw McpServerErrors.sign_in_expired();
  }
}

/** Undefined: one sign-in serves all. Throws `sign_in_not_needed` for a server that knows no sign-in of people. */
function ownerOf({ reach }: Upstream, userId: string): string | undefined {
  const signIn = reach.transport === 'http' ? reach.auth : null;
  if (signIn?.type !== 'oauth') throw McpServerErrors.sign_in_not_needed();
  return (signIn satisfies OAuthSignIn).per === 'user' ? userId : undefined;
}
