import { setTimeout as delay } from 'node:timers/promises';
import {
  auth,
  type AuthProvider,
  extractWWWAuthenticateParams,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { type Fetch } from '../../../../platform/egress/guarded-fetch.js';
import { type SignInProvider } from './sign-in-provider.js';

type UnauthorizedContext = Parameters<NonNullable<AuthProvider['onUnauthorized']>>[0];

const POLL_MS = 100;

/**
 * The bearer of a connection. All its requests, and those of all instances, share one renewal: a refresh token that is
 * used twice is, for many authorization servers, a stolen one.
 */
export class SharedAuthorisation implements AuthProvider {
  private renewing?: Promise<void>;
  private used?: string;

  constructor(
    private readonly provider: SignInProvider,
    private readonly fetch: Fetch,
  ) {}

  async token(): Promise<string | undefined> {
    this.used = (await this.provider.tokens())?.access_token;
    return this.used;
  }

  onUnauthorized(context: UnauthorizedContext): Promise<void> {
    this.renewing ??= this.renew(context).finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async renew(context: UnauthorizedContext): Promise<void> {
    const { used } = this;
    // Another request, or another instance, was faster or is at it.
    while (!(await this.isRenewed(used)))
      if (await this.provider.claimRenewal()) {
        try {
          return await this.renewNow(used, context);
        } finally {
          await this.provider.endRenewal();
        }
      } else await delay(POLL_MS);
  }

  private async isRenewed(used: string | undefined): Promise<boolean> {
    const now = (await this.provider.tokens())?.access_token;
    return now !== undefined && now !== used;
  }

  private async renewNow(
    used: string | undefined,
    { response, serverUrl }: UnauthorizedContext,
  ): Promise<void> {
    if (await this.isRenewed(used)) return;
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
    const result = await auth(this.provider, { serverUrl, resourceMetadataUrl, scope, fetchFn: this.fetch });
    if (result !== 'AUTHORIZED') throw new UnauthorizedError();
  }
}
