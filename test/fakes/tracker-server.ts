import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Tracker {
  readonly url: string;
  /** Requests that were let in, e.g. `GET /rest/api/3/issue/SHOP-7`. */
  readonly requests: string[];
  stop(): Promise<void>;
}

const TICKETS = ['SHOP-5', 'SHOP-6', 'SHOP-7'].map((key, index) => ({
  id: String(10_000 + index),
  key,
  fields: {
    summary: key === 'SHOP-7' ? 'The cart counts each item twice' : `Something else ${index}`,
    description: key === 'SHOP-7' ? 'Seen in addToCart since the spring release.' : null,
    status: { name: key === 'SHOP-7' ? 'In Review' : 'Done' },
    assignee: key === 'SHOP-7' ? { displayName: 'Grace Osei', emailAddress: 'grace@example.com' } : null,
    created: '2026-01-05T09:00:00.000+0000',
    updated: '2026-02-01T09:00:00.000+0000',
  },
}));

/** A ticket tracker as examples/development-assistant/tracker.openapi.yaml describes it; `token` is the password of bot@example.com. */
export async function startTracker(token: string): Promise<Tracker> {
  const wanted = `Basic ${Buffer.from(`bot@example.com:${token}`).toString('base64')}`;
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers.authorization !== wanted) return send(401, { errorMessages: ['Log in first.'] });
    const url = new URL(request.url ?? '/', 'http://tracker');
    requests.push(`${request.method} ${url.pathname}`);
    const [, key, comments] = /^\/rest\/api\/3\/issue\/([^/]+)(\/comment)?$/.exec(url.pathname) ?? [];
    const ticket = TICKETS.find((one) => one.key === key);
    if (url.pathname === '/rest/api/3/search') {
      const startAt = Number(url.searchParams.get('startAt') ?? 0);
      const maxResults = Number(url.searchParams.get('maxResults') ?? 50);
      const issues = TICKETS.slice(startAt, startAt + maxResults);
      return send(200, { startAt, maxResults, total: TICKETS.length, issues });
    }
    if (ticket === undefined) return send(404, { errorMessages: ['There is no such ticket.'] });
    if (comments === undefined) return send(200, ticket);
    const author = { displayName: 'Ada Quill' };
    const all = [
      { id: '1', author, body: 'It happens with gifts only.', created: '2026-01-06T09:00:00.000+0000' },
    ];
    send(200, { startAt: 0, maxResults: 50, total: all.length, comments: all });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
