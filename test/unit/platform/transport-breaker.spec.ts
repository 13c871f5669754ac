import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../../src/common/app-error.js';
import { TransportBreaker } from '../../../src/platform/resilience/transport-breaker.js';

const down = () => Promise.reject(new AppError('egress_failed', 'unavailable', 'down'));
const answers = () => Promise.reject(new AppError('invalid_input', 'invalid', 'wrong call'));
const make = (openMs: number) =>
  new TransportBreaker({
    failures: 3,
    openMs,
    refusal: (retryAfter) => new AppError('refused', 'unavailable', 'open', { retryAfter }),
  });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: AppError) => error.code,
  );

describe('[R36] a breaker of transport failures', () => {
  it('never opens for a server that answers, whatever it answers', async () => {
    const breaker = make(60_000);
    for (let tries = 0; tries < 20; tries += 1) await codeOf(breaker.run(answers));
    await codeOf(breaker.run(down));
    await codeOf(breaker.run(down));
    await breaker.run(() => Promise.resolve());
    await codeOf(breaker.run(down));
    expect(breaker.state).toBe('closed');
  });

  it('refuses at once after three failures in a row, and says when to come back', async () => {
    const breaker = make(60_000);
    for (let tries = 0; tries < 3; tries += 1) await codeOf(breaker.run(down));
    let reached = 0;
    const refused = breaker.run(async () => (reached += 1));
    await expect(refused).rejects.toMatchObject({ code: 'refused', retryAfter: 60 });
    expect(() => breaker.check()).toThrow('open');
    expect(reached).toBe(0);
  });

  it('lets one call try when the time is over, and refuses the others meanwhile', async () => {
    const breaker = make(0);
    for (let tries = 0; tries < 3; tries += 1) await codeOf(breaker.run(down));
    let end: () => void = () => undefined;
    const probe = codeOf(breaker.run(() => new Promise<void>((resolve) => (end = resolve))));
    expect(await Promise.all([1, 2, 3].map(() => codeOf(breaker.run(down))))).toEqual(
      Array(3).fill('refused'),
    );
    end();
    expect([await probe, breaker.state]).toEqual(['ok', 'closed']);
  });
});
