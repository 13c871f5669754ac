import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver of webhooks that answers with the statuses it is given, then 204. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  answers: (number | { status: number; location: string })[] = [];
  /** Is called before each answer. */
  onRequest: () => void = () => undefined;
  private server!: Server;

  /** Resolves with the URL to tell. */
  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        this.received.push({ headers: request.headers, body });
        this.onRequest();
        const answer = this.answers.shift() ?? 204;
        if (typeof answer === 'number') response.writeHead(answer).end();
        else response.writeHead(answer.status, { location: answer.location }).end();
      });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
