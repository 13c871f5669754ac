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

interface Kinds {
  /** Tokens with the issuer that they are from; the SDK sends them to no other. */
  readonly token: StoredOAuthTokens;
  readonly pending: PendingSignIn;
  /** Our own registrations, by issuer. */
  readonly client: Readonly<Record<string, StoredOAuthClientInformation>>;
}

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
}

function nameOf(kind: keyof Kinds, serverId: string, owner: string): string {
  return `mcp:${serverId}:${kind}:${owner}`;
}

function maskTokens({ access_token, refresh_token }: StoredOAuthTokens): void {
  knownSecrets.add(access_token);
  knownSecrets.add(refresh_token);
}
