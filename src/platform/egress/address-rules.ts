import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const PORTS = new Set(['', '443', '8443']);

/** All that IANA has given out as global unicast; what embeds an IPv4 address (::/96, 64:ff9b::/96) is outside. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Public in name only: protocol assignments with Teredo, 6to4, documentation, and the host of an Azure machine. [S49] */
const NOT_REALLY_PUBLIC = ['2001::/23', '2002::/16', '2001:db8::/32', '3fff::/20', '168.63.129.16/32'].map(
  (range) => ipaddr.parseCIDR(range),
);

/** Which addresses may be reached: global unicast, and what the operator listed. */
export class AddressRules {
  private readonly hosts: ReadonlySet<string>;
  private readonly ranges: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

  /** `allow` are entries of EGRESS_ALLOW: `host:port`, `[::1]:port` or CIDR. */
  constructor(allow: readonly string[]) {
    this.ranges = allow.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry));
    this.hosts = new Set(
      allow.filter((entry) => !ipaddr.isValidCIDR(entry)).map((entry) => entry.toLowerCase()),
    );
  }

  /** Did the operator list exactly this host and port? Then its address is not looked at. */
  isListed(url: URL): boolean {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return this.hosts.has(`${url.hostname.toLowerCase()}:${port}`);
  }

  /** May a URL be tried at all? The address of a name is checked when it is connected to. */
  admits(url: URL): boolean {
    if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
      return false;
    if (this.isListed(url)) return true;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return this.inRange(host);
    // Also where the resolver does not know the name: one answer for whatever is local.
    if (/(?:^|\.)localhost\.?$/.test(host) && this.ranges.length === 0) return false;
    return (url.protocol === 'https:' && PORTS.has(url.port)) || this.ranges.length > 0;
  }

  /** May this resolved address be connected to? A positive list: whatever is not global unicast is refused. */
  admitsAddress(address: string): boolean {
    return this.inRange(address) || isPublic(address);
  }

  /** Names that are reached by http or another port must lie in a listed range. */
  needsRange(url: URL): boolean {
    return url.protocol !== 'https:' || !PORTS.has(url.port);
  }

  inRange(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.ranges.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits));
  }
}

function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address); // ::ffff:127.0.0.1 is judged as 127.0.0.1
  if (parsed.range() !== 'unicast') return false;
  if (parsed.kind() === 'ipv6' && (!parsed.match(...GLOBAL_IPV6) || isIsatap(parsed))) return false;
  return !NOT_REALLY_PUBLIC.some(
    ([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits),
  );
}

/** RFC 5214: an interface identifier that stands for the IPv4 address in its last 32 bits. */
function isIsatap(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [, , , , high, low] = (address as ipaddr.IPv6).parts;
  return (high === 0 || high === 0x200) && low === 0x5efe;
}
