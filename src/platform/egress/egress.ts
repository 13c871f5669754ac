import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { AddressRules } from './address-rules.js';
import { type Fetch, guardedFetch } from './guarded-fetch.js';

const MAX_BYTES = 1 << 20;
const MAX_OPERATOR_BYTES = 64 << 20;
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 3;

/** The only way out of this process. Everything that speaks HTTP gets one of these functions as its `fetch`. */
@Injectable()
export class Egress {
  /** For every URL that a caller, a model or stored data names: public https hosts and EGRESS_ALLOW only. */
  readonly fetch: Fetch;
  private readonly rules: AddressRules;

  constructor(@Inject(ENV) env: Env) {
    this.rules = new AddressRules(env.EGRESS_ALLOW);
    this.fetch = this.guarded();
  }

  /** The same guard with other caps, e.g. for an import of a large document. */
  guarded(caps: { readonly maxBytes?: number; readonly timeoutMs?: number } = {}): Fetch {
    const { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS } = caps;
    return guardedFetch({ rules: this.rules, maxBytes, timeoutMs, maxRedirects: MAX_REDIRECTS });
  }

  /**
   * For a server that the operator named by a variable (a model, an issuer, a collector): that origin only, wherever it
   * is, and nothing else. Redirects are refused; time is the caller's, by his signal. Never for a URL of the API.
   */
  forOperator(url: string): Fetch {
    const { origin } = new URL(url);
    return guardedFetch({
      rules: this.rules,
      only: (target) => target.origin === origin,
      maxBytes: MAX_OPERATOR_BYTES,
      maxRedirects: 0,
    });
  }
}
