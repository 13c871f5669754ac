import { type TestApp } from './test-app.js';

/** One operation of the OpenAPI document; `path` as written there (`/things/{id}`). */
export interface Operation {
  readonly method: string;
  readonly path: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the document is read as what it should be
  readonly spec: any;
}

/** Routes that are no operations of the API: the document itself, its viewer, preflight, protocol doors. */
const NOT_IN_DOCUMENT = [/^\/api\/docs/, /^\/api\/openapi\.json$/, /^\*$|^\/\*$/, /^\/mcp$/];

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export async function openApi(server: TestApp): Promise<any> {
  return (await server.call('GET', '/api/openapi.json')).body;
}

export async function operations(server: TestApp): Promise<Operation[]> {
  const { paths } = await openApi(server);
  return Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, spec]) => ({ method: method.toUpperCase(), path, spec })),
  );
}

/** What the router really serves, read from its tree: `GET /things/{id}`. HEAD comes with every GET. */
export function routedOperations(server: TestApp): string[] {
  const tree = server.app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const parents: string[] = [];
  const found: string[] = [];
  for (const line of tree.split('\n')) {
    const match = /^((?:│ {3}| {4})*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) continue;
    const depth = (match[1] ?? '').length / 4;
    const path = `${depth === 0 ? '' : (parents[depth - 1] ?? '')}${match[2]}`;
    parents[depth] = path;
    for (const method of (match[3] ?? '').split(', ')) {
      if (method === '' || method === 'HEAD' || NOT_IN_DOCUMENT.some((pattern) => pattern.test(path)))
        continue;
      found.push(`${method} ${path.replaceAll(/:([A-Za-z]+)/g, '{$1}')}`);
    }
  }
  return found;
}
