import { Logger } from '@nestjs/common';
import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { type RedisService } from '../redis/redis.service.js';

const PREFIX = 'mcp-server:cache';

type WrappedStore = ConstructorParameters<typeof KeyvAdapter>[0];

/**
 * cache-manager-redis-yet behind cache-manager 7, hardened: every command has a time limit, a dead Redis is a miss,
 * the prefix holds for many-key commands, and clearing deletes our keys only (the library would flush the database).
 */
export function redisStore(redis: RedisService): Keyv {
  if (redis.client === undefined) throw new Error('redisStore needs REDIS_URL');
  const store = redisInsStore(redis.client as never, { keyPrefix: PREFIX });
  const get = <T>(key: string) => redis.run(() => store.get<T>(key));
  const set = <T>(key: string, value: T, ttl?: number) => redis.run(() => store.set(key, value, ttl));
  const del = (key: string) => redis.run(() => store.del(key));
  const bounded = {
    ...store,
    get,
    set,
    del,
    mget: (...keys: string[]) => Promise.all(keys.map((key) => get(key))),
    mset: (entries: [string, unknown][], ttl?: number) =>
      Promise.all(entries.map(([key, value]) => set(key, value, ttl))),
    mdel: (...keys: string[]) => Promise.all(keys.map((key) => del(key))),
    reset: () => removeOurKeys(redis),
  };
  const keyv = new Keyv({
    store: new KeyvAdapter(bounded as unknown as WrappedStore),
    namespace: 'c',
    throwOnErrors: false,
  });
  const log = new Logger('Cache');
  keyv.on('error', (error: Error) => log.debug(error.message));
  return keyv;
}

async function removeOurKeys(redis: RedisService): Promise<void> {
  for await (const key of redis.client?.scanIterator({ MATCH: `${PREFIX}:*`, COUNT: 500 }) ?? []) {
    await redis.run((client) => client.unlink(key));
  }
}
