import { expect, it } from '@jest/globals';
import { addressKey } from '../../../src/platform/rate-limit/address-key.js';

it('one address is an IPv4 address or an IPv6 /64', () => {
  expect(addressKey('::ffff:192.0.2.1')).toBe(addressKey('192.0.2.1'));
  expect(addressKey('2001:db8::1')).toBe(addressKey('2001:db8::ffff:ffff:ffff:ffff'));
  expect(addressKey('2001:db8::1')).not.toBe(addressKey('2001:db8:0:1::1'));
  expect(addressKey('192.0.2.1')).not.toBe(addressKey('192.0.2.2'));
  expect(addressKey('not an address')).toBe('unknown');
});
