const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'postgresql:': '5432', 'mysql:': '3306' };
const SCHEMES = new Set(['https:', 'http:', 'postgresql:', 'mysql:']);

/**
 * The origin of a URL in one spelling: `https://api.example.com`, `postgresql://db.internal:5432`. What a secret is
 * bound to and what it is about to be sent to are compared in this form. Undefined for what has none.
 */
export function originOf(url: string | URL): string | undefined {
  if (!URL.canParse(String(url))) return undefined;
  const { protocol, origin, hostname, port } = new URL(String(url).replace(/^postgres:/i, 'postgresql:'));
  if (!SCHEMES.has(protocol) || hostname === '') return undefined;
  if (origin !== 'null') return origin;
  return `${protocol}//${hostname.toLowerCase()}:${port || DEFAULT_PORTS[protocol]}`;
}

/** Is this text an origin and nothing more? */
export function isOrigin(text: string): boolean {
  if (originOf(text) === undefined) return false;
  const { pathname, search, hash, username, password } = new URL(text);
  return ['', '/'].includes(pathname) && `${search}${hash}${username}${password}` === '';
}
