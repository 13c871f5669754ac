import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { validate } from 'uuid';
import { ENV, type Env, publicUrl } from '../config/env.js';
import { newId } from '../common/ids.js';
import { AuthErrors } from './auth.errors.js';
import { SigningKeys } from './signing-keys.service.js';

export const ACCESS_TOKEN_SECONDS = 900;
const SKEW_SECONDS = 5;
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Which door a token opens: its audience. */
export type Door = 'api' | 'mcp';

export interface AccessClaims {
  readonly sub: string;
  readonly sid: string;
}

interface Header {
  alg?: unknown;
  typ?: unknown;
  kid?: unknown;
}

/** Access tokens: ES256 JWTs (RFC 9068, typ at+jwt) of 15 minutes. */
@Injectable()
export class TokensService {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: SigningKeys,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** A first-party token of a login session; it opens both doors. */
  issue(userId: string, sessionId: string): Promise<string> {
    const key = this.keys.current;
    return this.jwt.signAsync(
      { sub: userId, sid: sessionId },
      {
        privateKey: key.privateKey as never,
        algorithm: 'ES256',
        keyid: key.kid,
        header: { alg: 'ES256', typ: 'at+jwt' },
        issuer: publicUrl(this.env),
        audience: [this.audience('api'), this.audience('mcp')],
        expiresIn: ACCESS_TOKEN_SECONDS,
        jwtid: newId(),
      },
    );
  }

  /**
   * The claims of a good token. Throws `invalid_token`. The library accepts a missing exp or sub, any typ, unknown
   * crit and a future iat, so those five checks are made here. [S01] [S02] [S03] [S04] [S05] [S06] [S07]
   */
  async verify(token: string, door: Door): Promise<AccessClaims> {
    const kid = isCanonical(token) ? keyId(token) : '';
    const key = kid === '' ? undefined : await this.keys.find(kid);
    if (key === undefined) throw AuthErrors.invalid_token();
    let claims: Record<string, unknown>;
    try {
      claims = await this.jwt.verifyAsync(token, {
        publicKey: key.publicKey as never,
        algorithms: ['ES256'],
        issuer: publicUrl(this.env),
        audience: this.audience(door),
        clockTolerance: SKEW_SECONDS,
      });
    } catch (error) {
      throw AuthErrors.invalid_token(undefined, { cause: error });
    }
    return this.checkClaims(claims);
  }

  private checkClaims(claims: Record<string, unknown>): AccessClaims {
    const { sub, sid, exp, iat, aud } = claims;
    const now = Date.now() / 1000;
    const ours = [this.audience('api'), this.audience('mcp')];
    const good =
      isUuid(sub) &&
      isUuid(sid) &&
      typeof exp === 'number' &&
      typeof iat === 'number' &&
      iat <= now + SKEW_SECONDS &&
      iat >= now - ACCESS_TOKEN_SECONDS - SKEW_SECONDS &&
      [aud].flat().every((audience) => ours.includes(String(audience)));
    if (!good) throw AuthErrors.invalid_token();
    return { sub, sid };
  }

  private audience(door: Door): string {
    return `${publicUrl(this.env)}/${door}`;
  }
}

/** Is there exactly one way to write this token? Base64url leaves bits unused that an attacker could vary. [S07] */
function isCanonical(token: string): boolean {
  return (
    token.length <= 4096 &&
    COMPACT_JWS.test(token) &&
    token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  );
}

/** What the database takes as an id: another text would be an error there, not an answer. */
function isUuid(value: unknown): value is string {
  return typeof value === 'string' && validate(value);
}

/** The kid of a header that holds exactly what ours hold; '' for any other header. */
function keyId(token: string): string {
  try {
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')) as Header;
    const known = Object.keys(header).every((name) => ['alg', 'typ', 'kid'].includes(name));
    return known && header.alg === 'ES256' && header.typ === 'at+jwt' && typeof header.kid === 'string'
      ? header.kid
      : '';
  } catch {
    return '';
  }
}
