/** Names that are never read or shown, in any folder and any case: credentials, keys, and what is not source. [S91] */
const EXCLUDED = [
  '.git',
  'node_modules',
  '.ssh',
  '.aws',
  '.gnupg',
  '.kube',
  '.docker',
  '.env*',
  '*.env',
  '.npmrc',
  '.netrc',
  '.pgpass',
  '.htpasswd',
  '.git-credentials',
  '*.pem',
  '*.key',
  '*.p12',
  '*.pfx',
  '*.jks',
  '*.keystore',
  '*.kdbx',
  'id_rsa*',
  'id_dsa*',
  'id_ecdsa*',
  'id_ed25519*',
] as const;

const PATTERNS = EXCLUDED.map(
  (name) => new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'is'),
);

/** Is any part of a path (relative to a workspace) excluded? */
export function isExcluded(relative: string): boolean {
  return relative.split(/[/\\]/).some((part) => PATTERNS.some((pattern) => pattern.test(part)));
}

/** The same as Git pathspecs. `folders` are more paths, relative to the working folder, e.g. DATA_DIR. */
export function excludedPathspecs(folders: readonly string[] = []): string[] {
  return [
    ...EXCLUDED.flatMap((name) => [`:(exclude,icase,glob)**/${name}`, `:(exclude,icase,glob)**/${name}/**`]),
    ...folders.map((folder) => `:(exclude,literal)${folder}`),
  ];
}
