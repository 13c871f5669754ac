import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENV_SCHEMA } from './env.schema.js';

/** What the command line takes from its environment. It never needs the server's whole configuration to be valid. */
export interface CliEnv {
  /** Base URL of the server, without a trailing slash. */
  readonly url: string;
  readonly token?: string;
  /** The server's DATA_DIR, where the embedded default leaves the admin key. */
  readonly dataDir: string;
  /** The server's EXTENSIONS_DIR, for `new`. */
  readonly extensionsDir: string;
  /** The first admin's account, where the server's own variables give it, as they do in its container. */
  readonly admin?: { readonly email: string; readonly password: string };
  /** Where logins of this person are kept. */
  readonly configDir: string;
  readonly color: boolean;
}

/** The folder of the checkout or image, found from src/ and dist/src/ alike. */
export const PROJECT_DIR = path.resolve(
  fileURLToPath(import.meta.url),
  import.meta.url.includes('/dist/src/') ? '../../../..' : '../../..',
);

/** Reads the environment of the command line. */
export function readCliEnv(source: Readonly<Record<string, string | undefined>> = process.env): CliEnv {
  const port = source.PORT || String(ENV_SCHEMA.shape.PORT.def.defaultValue);
  const configHome = source.XDG_CONFIG_HOME || path.join(homedir(), '.config');
  const password = adminPassword(source);
  return {
    url: (source.MCP_SERVER_URL || `http://127.0.0.1:${port}`).replace(/\/+$/, ''),
    ...(source.MCP_SERVER_TOKEN && { token: source.MCP_SERVER_TOKEN }),
    dataDir: source.DATA_DIR ? path.resolve(source.DATA_DIR) : path.join(PROJECT_DIR, '.data'),
    extensionsDir: source.EXTENSIONS_DIR
      ? path.resolve(source.EXTENSIONS_DIR)
      : path.join(PROJECT_DIR, 'extensions'),
    ...(password && {
      admin: {
        email: source.ADMIN_EMAIL || ENV_SCHEMA.shape.ADMIN_EMAIL.def.defaultValue,
        password,
      },
    }),
    configDir: path.join(configHome, 'mcp-server'),
    color: !source.NO_COLOR && process.stderr.isTTY,
  };
}

function adminPassword(source: Readonly<Record<string, string | undefined>>): string | undefined {
  if (source.ADMIN_PASSWORD) return source.ADMIN_PASSWORD;
  if (!source.ADMIN_PASSWORD_FILE) return undefined;
  try {
    return readFileSync(source.ADMIN_PASSWORD_FILE, 'utf8').replace(/\r?\n$/, '');
  } catch {
    // Only the server itself may be able to read it.
    return undefined;
  }
}

/**
 * The environment for a server that the command line starts: it runs in the project folder, so relative folders are
 * fixed to where the person is, and its file and git tools read that folder.
 */
export function serverEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const here = process.cwd();
  return {
    ...source,
    WORKSPACE_DIRS: source.WORKSPACE_DIRS || here,
    ...(source.DATA_DIR && { DATA_DIR: path.resolve(source.DATA_DIR) }),
    ...(source.EXTENSIONS_DIR && { EXTENSIONS_DIR: path.resolve(source.EXTENSIONS_DIR) }),
  };
}
