import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const PORTS = new Set(['', '443', '8443']);

/** Public ranges in name only: they carry or reach other addresses. [S49] */
const NOT_REALLY_PUBLIC = [
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  '2001::/32',
  'fec0::/10',
  '5f00::/16',
  '3fff::/20',
  '100::/64',
].map((range) => ipaddr.parseCIDR(range));

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
  return !NOT_REALLY_PUBLIC.some(
    ([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits),
  );
}
