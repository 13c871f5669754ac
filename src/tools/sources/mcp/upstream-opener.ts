import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { childEnvironment } from '../../../config/env.js';
import { HttpTransport } from './client/http-transport.js';
import { StdioTransport } from './client/stdio-transport.js';
import { type OpenOptions, UpstreamClient } from './client/upstream-client.js';
import { SharedAuthorisation } from './sign-in/shared-authorisation.js';
import { SignInProviders } from './sign-in/sign-in-providers.js';
import { UpstreamFetch } from './upstream-fetch.js';
import { McpServerErrors } from './mcp-servers.errors.js';
import { type Reach, type Upstream } from './upstream-servers.service.js';

const OPEN_MS = 20_000;
type Notices = Pick<OpenOptions, 'onToolsChanged' | 'onClose'>;

/** Opens connections to upstream servers, by HTTP through the egress guard or by a child process. */
@Injectable()
export class UpstreamOpener implements OnApplicationShutdown {
  private readonly log = new Logger('Upstreams');
  private readonly children = new Set<StdioTransport>();

  /** The last resort for an end that nobody waits for; what survives even this is swept at the next start. */
  private readonly onExit = () => this.killChildren();

  constructor(
    private readonly fetches: UpstreamFetch,
    private readonly signIns: SignInProviders,
  ) {
    process.on('exit', this.onExit);
  }

  onApplicationShutdown(): void {
    process.off('exit', this.onExit);
  }

  /** Rejects with the SDK's error, or with the guard's. */
  async open(upstream: Upstream, userId: string | undefined, notices: Notices): Promise<UpstreamClient> {
    const { reach, row } = upstream;
    if (reach.transport === 'http') return this.openHttp(upstream, reach, userId, notices);
    try {
      return await this.openStdio(reach, row.name, notices, false);
    } catch {
      // Some programs end when they are asked something before `initialize`.
      return this.openStdio(reach, row.name, notices, true);
    }
  }

  /** Kills what still runs, at once. */
  killChildren(): void {
    for (const child of this.children) child.killNow();
  }

  private async openHttp(
    upstream: Upstream,
    reach: Extract<Reach, { transport: 'http' }>,
    userId: string | undefined,
    notices: Notices,
  ): Promise<UpstreamClient> {
    const fetch = this.fetches.for(reach);
    const provider = this.signIns.of(upstream, userId);
    // Nobody can sign in during a call: then the server is not even asked.
    if (provider?.redirectUrl !== undefined && (await provider.tokens()) === undefined)
      throw McpServerErrors.upstream_sign_in_required(
        `Sign in to the MCP server ${upstream.row.name} first: POST /api/v1/mcp-servers/${upstream.row.id}/sign-in.`,
      );
    const authProvider = provider === undefined ? undefined : new SharedAuthorisation(provider, fetch);
    return this.connect(new HttpTransport({ url: new URL(reach.url), fetch, authProvider }), notices);
  }

  private async openStdio(
    { command }: Extract<Reach, { transport: 'stdio' }>,
    name: string,
    notices: Notices,
    legacy: boolean,
  ): Promise<UpstreamClient> {
    const transport = new StdioTransport({
      ...command,
      baseEnv: childEnvironment(),
      onLine: (line) => this.log.debug({ server: name, line }, 'An MCP server wrote to stderr'),
    });
    this.children.add(transport);
    const onClose = () => {
      this.children.delete(transport);
      notices.onClose();
    };
    try {
      return await this.connect(transport, { ...notices, onClose }, legacy);
    } catch (error) {
      await transport.close();
      this.children.delete(transport);
      throw error;
    }
  }

  private async connect(
    transport: OpenOptions['transport'],
    notices: Notices,
    legacy = false,
  ): Promise<UpstreamClient> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error('The server did not answer in time')), OPEN_MS);
    try {
      return await UpstreamClient.open({
        transport,
        signal: timeout.signal,
        timeoutMs: OPEN_MS,
        legacy,
        ...notices,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
