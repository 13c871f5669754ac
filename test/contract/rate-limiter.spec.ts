import { describe, expect, it } from '@jest/globals';
import { addressKey } from '../../src/platform/rate-limit/address-key.js';
import { MemoryRateLimiter } from '../../src/platform/rate-limit/memory-rate-limiter.js';
import { type RateLimiter } from '../../src/platform/rate-limit/rate-limiter.js';

/** Each adapter of the port passes the same suite. */
const ADAPTERS: [string, () => RateLimiter][] = [['memory', () => new MemoryRateLimiter()]];

describe.each(ADAPTERS)('rate limiter: %s', (_, make) => {
  it('allows as many as there are points, then refuses until the window ends', async () => {
    const limiter = make();
    const states = [];
    for (let index = 0; index < 4; index += 1) states.push(await limiter.consume('k', 3, 60));
    expect(states.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
    ]);
    for (const { resetSeconds } of states) {
      expect(resetSeconds).toBeGreaterThan(50);
      expect(resetSeconds).toBeLessThanOrEqual(60);
    }
  });

  it('starts again after the window', async () => {
    const limiter = make();
    await limiter.consume('k', 1, 1);
    expect((await limiter.consume('k', 1, 1)).allowed).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await limiter.consume('k', 1, 1)).allowed).toBe(true);
  });

  it('keeps keys apart, and windows of one key', async () => {
    const limiter = make();
    await limiter.consume('a', 1, 60);
    expect((await limiter.consume('b', 1, 60)).allowed).toBe(true);
    expect((await limiter.consume('a', 2, 60)).allowed).toBe(true);
    expect((await limiter.consume('a', 1, 60)).allowed).toBe(false);
  });

  it('takes a point back', async () => {
    const limiter = make();
    await limiter.consume('k', 1, 60);
    await limiter.giveBack('k', 1, 60);
    expect((await limiter.consume('k', 1, 60)).allowed).toBe(true);
    expect((await limiter.consume('k', 1, 60)).allowed).toBe(false);
  });

  it('lets no more through when many come at once', async () => {
    const limiter = make();
    const states = await Promise.all(Array.from({ length: 50 }, () => limiter.consume('k', 7, 60)));
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(7);
  });
});

it('one address is an IPv4 address or an IPv6 /64', () => {
  expect(addressKey('::ffff:192.0.2.1')).toBe(addressKey('192.0.2.1'));
  expect(addressKey('2001:db8::1')).toBe(addressKey('2001:db8::ffff:ffff:ffff:ffff'));
  expect(addressKey('2001:db8::1')).not.toBe(addressKey('2001:db8:0:1::1'));
  expect(addressKey('192.0.2.1')).not.toBe(addressKey('192.0.2.2'));
  expect(addressKey('not an address')).toBe('unknown');
});
