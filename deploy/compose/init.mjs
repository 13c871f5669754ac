// The one-shot `init` service of docker-compose.yml: makes the secrets of a new installation, once, and says nothing.
// What is there is never changed. Usage: node init.mjs [folder]
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = process.argv[2] ?? '/secrets';
/** Group of the users `postgres` and `redis` in their images; this container is a member of it. */
const DATA_GROUP = 999;

const databasePassword = secret('postgres_password', () => random(), DATA_GROUP);
secret('database_url', () => `postgresql://mcp_admin:${databasePassword}@postgres:5432/mcp_assistant`);
const redisPassword = /^requirepass (\S+)$/m.exec(
  secret('redis.conf', () => `requirepass ${random()}`, DATA_GROUP),
)[1];
secret('redis_url', () => `redis://:${redisPassword}@redis:6379`);
secret('encryption_keys', () => `k1:${randomBytes(32).toString('base64')}`);
secret('admin_password', () => random());

/** 192 random bits, safe in a URL and in a configuration file. */
function random() {
  return randomBytes(24).toString('base64url');
}

/** The secret in this file, made when absent. It appears whole or not at all, for its owner (and one group) only. */
function secret(name, make, group) {
  const file = path.join(folder, name);
  if (!existsSync(file)) {
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, `${make()}\n`, { mode: group === undefined ? 0o400 : 0o440 });
    if (group !== undefined) chownSync(draft, -1, group);
    linkSync(draft, file);
    unlinkSync(draft);
  }
  return readFileSync(file, 'utf8').trim();
}
