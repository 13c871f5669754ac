import { z } from 'zod';
import { PageQuery, pageOf } from '../../../common/page.js';
import { Timestamp } from '../../../common/timestamp.js';
import { named } from '../../../platform/http/openapi.js';
import { SecretName } from '../../secrets/secrets.dto.js';
import { McpServerErrors } from './mcp-servers.errors.js';

/**
 * Headers that the connection or a credential decides. A credential belongs into the vault (`auth`), where it is bound
 * to its origin. [S45]
 */
const RESERVED =
  /^(?:authorization|cookie|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-.*|accept|expect|origin|referer|forwarded|x-forwarded-.*|proxy-.*|mcp-.*|last-event-id)$/i;

const Headers = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'must be the name of a header'),
    z
      .string()
      .max(1_024)
      .regex(/^[\t\x20-\x7e]*$/, 'must be visible ASCII text'),
  )
  .refine((headers) => Object.keys(headers).length <= 20, 'must have at most 20 headers')
  .refine(
    (headers) => Object.keys(headers).every((name) => !RESERVED.test(name)),
    'must not hold Authorization, Cookie, Host, Mcp-*, X-Forwarded-* or headers of the connection; a credential belongs into "auth"',
  )
  .describe('Sent with every request to the server, readable for admins. Not for credentials.');

const Scope = z.string().max(500).optional().describe('Scopes to ask for, separated by spaces.');
const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header');

const Auth = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('bearer'), secret: SecretName }),
    z.strictObject({ type: z.literal('basic'), secret: SecretName, username: z.string().max(200) }),
    z.strictObject({ type: z.literal('header'), secret: SecretName, name: HeaderName }),
    z.strictObject({
      type: z.literal('query'),
      secret: SecretName,
      name: z.string().regex(/^[\w.-]{1,64}$/, 'must be the name of a query parameter'),
    }),
    z
      .strictObject({
        type: z.literal('client_credentials'),
        clientId: z.string().min(1).max(300),
        secret: SecretName,
        scope: Scope,
      })
      .describe('OAuth 2.1 client credentials at the authorization server that the MCP server names.'),
    z
      .strictObject({
        type: z.literal('oauth'),
        per: z.enum(['server', 'user']).describe('One sign-in for all, by an admin, or one of each user.'),
        clientId: z.string().min(1).max(300).optional().describe('Registered by itself when left out.'),
        secret: SecretName.optional(),
        scope: Scope,
      })
      .describe('OAuth 2.1 authorization code with PKCE; see POST /api/v1/mcp-servers/:id/sign-in.'),
  ])
  .describe('How this server signs in there. Without it the MCP server is called without a credential.');

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$/, 'must be 1 to 48 letters, digits, "_", "-" or "."')
  .describe('First part of the names of its tools: <name>__<tool>.');
const Url = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2_048)
  .describe('Address of its Streamable HTTP endpoint, e.g. https://tools.example.com/mcp.');

/** Members of a server that is started as a command. They are known so that they get the answer that explains it. */
const REFUSED = z.unknown().optional().describe('Refused: only MCP_SERVERS_FILE starts programs.');
const Stdio = {
  transport: z.string().max(32).optional().describe('Only "http".'),
  type: z.string().max(32).optional().describe('Only "http".'),
  command: REFUSED,
  args: REFUSED,
  env: REFUSED,
  cwd: REFUSED,
};
const HTTP_TYPES = new Set([undefined, 'http', 'streamable-http', 'streamableHttp']);

/** Throws `stdio_not_allowed` for whatever looks like a program to start, whoever asks. [S56] */
export function refuseStdio(body: { readonly [K in keyof typeof Stdio]?: unknown }): void {
  const { transport, type, command, args, env, cwd } = body;
  const isHttp = [transport, type].every((kind) => HTTP_TYPES.has(kind as string | undefined));
  if (!isHttp || [command, args, env, cwd].some((member) => member !== undefined))
    throw McpServerErrors.stdio_not_allowed();
}

export const CreateMcpServerRequest = named(
  'CreateMcpServerRequest',
  z.strictObject({
    name: Name,
    url: Url.optional().describe(
      'Address of its Streamable HTTP endpoint, e.g. https://tools.example.com/mcp.',
    ),
    headers: Headers.default({}),
    auth: Auth.nullable().default(null),
    enabled: z.boolean().default(true),
    ...Stdio,
  }),
);
export type CreateMcpServerRequest = z.infer<typeof CreateMcpServerRequest>;

/** What an admin may change. `auth: null` takes the credential away. */
export const UpdateMcpServerRequest = named(
  'UpdateMcpServerRequest',
  z.strictObject({
    url: Url.optional(),
    headers: Headers.optional(),
    auth: Auth.nullable().optional(),
    enabled: z.boolean().optional(),
    ...Stdio,
  }),
);
export type UpdateMcpServerRequest = z.infer<typeof UpdateMcpServerRequest>;

export const McpServer = named(
  'McpServer',
  z.object({
    id: z.uuid(),
    name: z.string(),
    origin: z.enum(['api', 'file']).describe('file: from MCP_SERVERS_FILE, changed there only.'),
    transport: z.enum(['http', 'stdio']),
    url: z.string().nullable().describe('Null for members, and for servers of the file.'),
    headers: z.record(z.string(), z.string()).describe('Empty for members.'),
    auth: z
      .looseObject({ type: z.string() })
      .nullable()
      .describe('Names of secrets for admins, only the type for members.'),
    enabled: z.boolean(),
    state: z.enum(['healthy', 'unhealthy', 'unknown']).describe('unknown: not looked at yet.'),
    since: Timestamp.describe('When the state began.'),
    lastError: z.string().nullable(),
    serverInfo: z
      .object({ name: z.string(), version: z.string() })
      .nullable()
      .describe('What it says of itself.'),
    protocolVersion: z.string().nullable(),
    toolCount: z.int(),
    problems: z
      .array(z.object({ tool: z.string(), message: z.string() }))
      .describe('Tools that it offers and that cannot be taken, with the reason.'),
    checkedAt: Timestamp.nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export type McpServer = z.infer<typeof McpServer>;
export const McpServerPage = named('McpServerPage', pageOf(McpServer));
export const McpServerQuery = PageQuery;
export type McpServerQuery = z.infer<typeof McpServerQuery>;

export const McpServerRefresh = named(
  'McpServerRefresh',
  z.object({
    server: McpServer,
    added: z.array(z.string()),
    changed: z.array(z.string()),
    quarantined: z
      .array(z.string())
      .describe(
        'New or changed definitions: hidden until POST /api/v1/tools/:name/versions/:version/approve. Named again when another definition is offered while one waits.',
      ),
    vanished: z.array(z.string()),
    refused: z.array(z.object({ name: z.string(), message: z.string() })),
  }),
);
