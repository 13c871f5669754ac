import { rmSync } from 'node:fs';

export default async () => {
  await globalThis.testPostgres?.leave();
  if (globalThis.testPostgresFolder) rmSync(globalThis.testPostgresFolder, { recursive: true, force: true });
};
