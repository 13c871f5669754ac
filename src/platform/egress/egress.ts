import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { AddressRules } from './address-rules.js';
import { egressAgents, type EgressAgents } from './egress-agents.js';
import { EgressErrors } from './egress.errors.js';
import { type Fetch, guardedFetch, type GuardOptions } from './guarded-fetch.js';
import { NameResolver } from './name-resolver.js';

const MAX_BYTES = 1 << 20;
const MAX_OPERATOR_BYTES = 64 << 20;
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 3;

/** What one user of the guard may set; the rest is the guard's. */
export interface EgressOptions extends Partial<
  Pick<GuardOptions, 'maxBytes' | 'maxRedirects' | 'contentTypes' | 'authorise'>
> {
  /** For the whole answer; null leaves time to the caller's signal (streams). */
  readonly timeoutMs?: number | null;
}

/** The only way out of this process. Everything that speaks HTTP gets one of these functions as its `fetch`. */
@Injectable()
export class Egress implements OnApplicationShutdown {
  /** For every URL that a caller, a model or stored data names: public https hosts and EGRESS_ALLOW only. */
  readonly fetch: Fetch;
  private readonly rules: AddressRules;
  private readonly agents: EgressAgents;

  constructor(@Inject(ENV) env: Env, resolver: NameResolver) {
    this.rules = new AddressRules(env.EGRESS_ALLOW);
    this.agents = egressAgents(this.rules, (...query) => resolver.lookup(...query));
    this.fetch = this.guarded();
  }

  /**
   * The same guard with other caps, e.g. for an import of a large document, or with a credential. `maxRedirects: 0` is
   * for a server whose answers must be its own.
   */
  guarded({ timeoutMs = TIMEOUT_MS, ...options }: EgressOptions = {}): Fetch {
    return guardedFetch({
      maxBytes: MAX_BYTES,
      maxRedirects: MAX_REDIRECTS,
      ...options,
      timeoutMs: timeoutMs ?? undefined,
      rules: this.rules,
      agents: this.agents,
    });
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
      agents: this.agents,
      only: (target) => target.origin === origin,
      maxBytes: MAX_OPERATOR_BYTES,
      maxRedirects: 0,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agents.destroy();
  }
}
