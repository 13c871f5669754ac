import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { AddressRules } from './address-rules.js';
import { EgressErrors } from './egress.errors.js';
import { type Fetch, guardedFetch } from './guarded-fetch.js';

const MAX_BYTES = 1 << 20;
const MAX_OPERATOR_BYTES = 64 << 20;
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 3;

export interface GuardCaps {
  readonly maxBytes?: number;
  readonly timeoutMs?: number | null;
  readonly maxRedirects?: number;
}

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

  /**
   * The same guard with other caps, e.g. for an import of a large document. `timeoutMs: null` leaves time to the
   * caller's signal (streams); `maxRedirects: 0` is for a server whose answers must be its own.
   */
  guarded(caps: GuardCaps = {}): Fetch {
    const { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS, maxRedirects = MAX_REDIRECTS } = caps;
    return guardedFetch({ rules: this.rules, maxBytes, timeoutMs: timeoutMs ?? undefined, maxRedirects });
  }

  /**
   * Could this URL be reached at all? For what is stored now and called later: throws `egress_denied` for what will
   * always be refused. No name is looked up: an address is judged when it is connected to, and only then.
   */
  check(url: string): URL {
    if (!URL.canParse(url)) throw EgressErrors.egress_denied();
    const parsed = new URL(url);
    if (!this.rules.admits(parsed)) throw EgressErrors.egress_denied();
    return parsed;
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
