import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { childEnvironment } from '../../../config/env.js';
import { Egress } from '../../../platform/egress/egress.js';
import { type Fetch } from '../../../platform/egress/guarded-fetch.js';
import { AuthorisedFetch } from '../../secrets/authorised-fetch.js';
import { HttpTransport } from './client/http-transport.js';
import { StdioTransport } from './client/stdio-transport.js';
import { type OpenOptions, UpstreamClient } from './client/upstream-client.js';
import { type Reach, type Upstream } from './upstream-servers.service.js';

const OPEN_MS = 20_000;
/** One message but the answer of a tool: a list is smaller. */
const MAX_BYTES = 4 << 20;
const MAX_RESULT_BYTES = 16 << 20;

type Notices = Pick<OpenOptions, 'onToolsChanged' | 'onClose'>;

/** Opens connections to upstream servers, by HTTP through the egress guard or by a child process. */
@Injectable()
export class UpstreamOpener implements OnApplicationShutdown {
  private readonly log = new Logger('Upstreams');
  private readonly children = new Set<StdioTransport>();

  /** The last resort for an end that nobody waits for; what survives even this is swept at the next start. */
  private readonly onExit = () => this.killChildren();

  constructor(
    private readonly egress: Egress,
    private readonly authorised: AuthorisedFetch,
  ) {
    process.on('exit', this.onExit);
  }

  onApplicationShutdown(): void {
    process.off('exit', this.onExit);
  }

  /** Rejects with the SDK's error, or with the guard's. */
  async open(upstream: Upstream, notices: Notices): Promise<UpstreamClient> {
    const { reach, row } = upstream;
    if (reach.transport === 'http') return this.openHttp(reach, notices);
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

  private openHttp(reach: Extract<Reach, { transport: 'http' }>, notices: Notices): Promise<UpstreamClient> {
    const transport = new HttpTransport({
      url: new URL(reach.url),
      headers: reach.headers,
      fetch: this.fetchFor(reach),
    });
    return this.connect(transport, notices);
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

  /** Redirects are refused: an answer must be the server's own. [S46] [S51] */
  private fetchFor({ url, auth, byOperator }: Extract<Reach, { transport: 'http' }>): Fetch {
    if (byOperator) return this.egress.forOperator(url);
    const limits = { timeoutMs: null, maxRedirects: 0 };
    const small = this.authorised.with(auth ?? undefined, { ...limits, maxBytes: MAX_BYTES });
    const large = this.authorised.with(auth ?? undefined, { ...limits, maxBytes: MAX_RESULT_BYTES });
    return (input, init) => (isCall(init) ? large : small)(input, init);
  }
}

/** The SDK writes the method among the first members. */
function isCall(init: RequestInit | undefined): boolean {
  return typeof init?.body === 'string' && init.body.slice(0, 200).includes('"method":"tools/call"');
}
