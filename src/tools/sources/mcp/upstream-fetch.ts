import { Injectable } from '@nestjs/common';
import { Egress } from '../../../platform/egress/egress.js';
import { type Fetch } from '../../../platform/egress/guarded-fetch.js';
import { AuthorisedFetch } from '../../secrets/authorised-fetch.js';
import { isSecretAuth } from './upstream-auth.js';
import { type Reach } from './upstream-servers.service.js';

/** One message but the answer of a tool: a list is smaller. */
const MAX_BYTES = 4 << 20;
const MAX_RESULT_BYTES = 16 << 20;

/** The way out to one upstream: its own requests and, where it wants OAuth, those to its authorization server. */
@Injectable()
export class UpstreamFetch {
  constructor(
    private readonly egress: Egress,
    private readonly authorised: AuthorisedFetch,
  ) {}

  /**
   * Redirects are refused: an answer must be the server's own. The server's headers and secret go to its own origin
   * only, whatever other URL its metadata names. [S46] [S51]
   */
  for(reach: Extract<Reach, { transport: 'http' }>): Fetch {
    const { origin } = new URL(reach.url);
    const own = this.ownOrigin(reach);
    const others = reach.byOperator ? own : this.egress.guarded({ maxRedirects: 0 });
    return (input, init) => {
      if (new URL(input instanceof Request ? input.url : input).origin !== origin) return others(input, init);
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(reach.headers))
        if (!headers.has(name)) headers.set(name, value);
      return own(input, { ...init, headers });
    };
  }

  private ownOrigin({ url, auth, byOperator }: Extract<Reach, { transport: 'http' }>): Fetch {
    if (byOperator) return this.egress.forOperator(url);
    const secret = auth !== null && isSecretAuth(auth) ? auth : undefined;
    const limits = { timeoutMs: null, maxRedirects: 0 };
    const small = this.authorised.with(secret, { ...limits, maxBytes: MAX_BYTES });
    const large = this.authorised.with(secret, { ...limits, maxBytes: MAX_RESULT_BYTES });
    return (input, init) => (isCall(init) ? large : small)(input, init);
  }
}

/** The SDK writes the method among the first members. */
function isCall(init: RequestInit | undefined): boolean {
  return typeof init?.body === 'string' && init.body.slice(0, 200).includes('"method":"tools/call"');
}
