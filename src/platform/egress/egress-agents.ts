import { type LookupAddress } from 'node:dns';
import { Agent } from 'undici';
import { type AddressRules } from './address-rules.js';
import { EgressErrors } from './egress.errors.js';
import { type Lookup } from './name-resolver.js';

const CONNECT_MS = 10_000;
const LOOKUP_MS = 2_000;
/** A server that moves to another address is followed within this time. */
const KEEP_ALIVE_MS = 60_000;

/** A name that does not exist is answered like one that is not allowed: which names the inside has, nobody learns. */
const UNKNOWN_NAME = new Set(['ENOTFOUND', 'ENODATA']);

/** The connections of this process to others: by public address, by a range of EGRESS_ALLOW, by its host entries. */
export interface EgressAgents {
  readonly public: Agent;
  readonly ranged: Agent;
  readonly listed: Agent;
  destroy(): Promise<void>;
}

/** Makes the agents. Every name is looked up once for a connection, judged, and connected to at that very address. */
export function egressAgents(rules: AddressRules, lookup: Lookup): EgressAgents {
  const agent = (allowed: (address: string) => boolean) =>
    new Agent({
      connect: { timeout: CONNECT_MS, lookup: checkedLookup(lookup, allowed) as never },
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    });
  const agents = {
    public: agent((address) => rules.admitsAddress(address)),
    ranged: agent((address) => rules.inRange(address)),
    listed: agent(() => true),
  };
  return {
    ...agents,
    destroy: async () => {
      await Promise.all(Object.values(agents).map((one) => one.destroy()));
    },
  };
}

/** All addresses of a name must be allowed: one that is not makes the name suspicious. [S50] [R45] */
function checkedLookup(lookup: Lookup, allowed: (address: string) => boolean) {
  return (
    hostname: string,
    wanted: { all?: boolean },
    callback: (error: Error | null, address?: string | LookupAddress[], family?: number) => void,
  ): void => {
    let isOpen = true;
    const answer: typeof callback = (...result) => {
      clearTimeout(timer);
      if (isOpen) callback(...result);
      isOpen = false;
    };
    const timer = setTimeout(() => answer(EgressErrors.egress_failed()), LOOKUP_MS);
    lookup(hostname, { all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined)
        return answer(
          UNKNOWN_NAME.has(error?.code ?? 'ENODATA')
            ? EgressErrors.egress_denied(undefined, { cause: error })
            : error,
        );
      if (!addresses.every(({ address }) => allowed(address))) return answer(EgressErrors.egress_denied());
      if (wanted.all === true) answer(null, addresses);
      else answer(null, first.address, first.family);
    });
  };
}
