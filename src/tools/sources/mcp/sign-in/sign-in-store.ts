import { Injectable } from '@nestjs/common';
import {
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { AppError } from '../../../../common/app-error.js';
import { knownSecrets } from '../../../../platform/telemetry/secret-mask.js';
import { SecretVault } from '../../../secrets/secret-vault.service.js';

/** A sign-in that a person has begun at the authorization server and not ended yet. */
export interface PendingSignIn {
  /** Names this one attempt: the answer to an older one is not taken. */
  readonly nonce: string;
  readonly verifier: string;
  readonly discovery?: OAuthDiscoveryState;
}

/** Our own registrations, by issuer. */
type Clients = Readonly<Record<string, StoredOAuthClientInformation>>;

interface Kinds {
  /** Tokens with the issuer that they are from; the SDK sends them to no other. */
  readonly token: StoredOAuthTokens;
  readonly pending: PendingSignIn;
  readonly client: Clients;
  /** Until when an instance has the right to renew the tokens. */
  readonly renewal: string;
}

/** One sign-in serves all; so does this program's registration at an authorization server. */
export const EVERYONE = 'all';

/** After this time an instance that renews tokens is taken for dead. */
const RENEWAL_SECONDS = 20;

/** For a record that is not sent as it is; what is inside is sent by the SDK, to its issuer or to the server. */
const NOWHERE = 'https://mcp-server.invalid';

/** What signing in at upstreams leaves behind, sealed in the vault by server and user. */
@Injectable()
export class SignInStore {
  constructor(private readonly vault: SecretVault) {}

  async read<K extends keyof Kinds>(kind: K, serverId: string, owner: string): Promise<Kinds[K] | undefined> {
    try {
      const value = JSON.parse(await this.vault.reveal(nameOf(kind, serverId, owner), NOWHERE)) as Kinds[K];
      if (kind === 'token') maskTokens(value as StoredOAuthTokens);
      return value;
    } catch (error) {
      if (error instanceof AppError && error.code === 'secret_not_found') return undefined;
      throw error;
    }
  }

  async write<K extends keyof Kinds>(
    kind: K,
    serverId: string,
    owner: string,
    value: Kinds[K],
  ): Promise<void> {
    if (kind === 'token') maskTokens(value as StoredOAuthTokens);
    await this.vault.keep(nameOf(kind, serverId, owner), JSON.stringify(value), [NOWHERE]);
  }

  /** Keeps our registration at an issuer, unless there is one: that one stays. Gives the one that is kept. */
  async register(
    serverId: string,
    issuer: string,
    client: StoredOAuthClientInformation,
  ): Promise<StoredOAuthClientInformation> {
    let kept = client;
    await this.amendClients(serverId, (clients) => {
      kept = clients[issuer] ?? client;
      return { ...clients, [issuer]: kept };
    });
    return kept;
  }

  /** Forgets a registration that an issuer refuses. A newer one stays. */
  unregister(serverId: string, issuer: string, clientId: string): Promise<void> {
    return this.amendClients(serverId, ({ [issuer]: client, ...others }) =>
      client === undefined || client.client_id === clientId ? others : { ...others, [issuer]: client },
    );
  }

  /** The right to renew an owner's tokens: one instance has it at a time, and gives it back by `forget`. Was it given? */
  async claimRenewal(serverId: string, owner: string): Promise<boolean> {
    const now = Math.floor(Date.now() / 1_000);
    let isGiven = false;
    await this.vault.amend(nameOf('renewal', serverId, owner), [NOWHERE], (until) => {
      if (until !== undefined && Number.parseInt(until, 36) > now) return until;
      isGiven = true;
      // So short that nobody takes it for a secret that has to be masked.
      return (now + RENEWAL_SECONDS).toString(36);
    });
    return isGiven;
  }

  /** When it was written; undefined when there is none. */
  writtenAt(kind: keyof Kinds, serverId: string, owner: string): Promise<Date | undefined> {
    return this.vault.keptAt(nameOf(kind, serverId, owner));
  }

  forget(kind: keyof Kinds, serverId: string, owner: string): Promise<boolean> {
    return this.vault.forget(nameOf(kind, serverId, owner));
  }

  forgetServer(serverId: string): Promise<void> {
    return this.vault.forgetAll(`mcp:${serverId}:`);
  }

  private amendClients(serverId: string, change: (clients: Clients) => Clients): Promise<void> {
    return this.vault.amend(nameOf('client', serverId, EVERYONE), [NOWHERE], (before) =>
      JSON.stringify(change(before === undefined ? {} : (JSON.parse(before) as Clients))),
    );
  }
}

function nameOf(kind: keyof Kinds, serverId: string, owner: string): string {
  return `mcp:${serverId}:${kind}:${owner}`;
}

function maskTokens({ access_token, refresh_token }: StoredOAuthTokens): void {
  knownSecrets.add(access_token);
  knownSecrets.add(refresh_token);
}
