import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Operation, openApi, operations, routedOperations } from '../support/routes.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the document is read as what it should be
let document: any;
let all: Operation[];
beforeAll(async () => {
  server = await startTestApp();
  document = await openApi(server);
  all = await operations(server);
});
afterAll(() => server?.stop());

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

/** Names of the operations for which `problem` finds something to say. */
function offenders(problem: (operation: Operation) => string | undefined): string[] {
  return all.flatMap((operation) => {
    const text = problem(operation);
    return text === undefined ? [] : [`${nameOf(operation)}: ${text}`];
  });
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
function resolve(schema: any): any {
  return schema?.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)];
}

/** POSTs that create something and take no Idempotency-Key, with the reason. */
const WITHOUT_KEY: Record<string, string> = {
  'POST /api/v1/auth/register': 'public: there is no caller whose key it could be; the address is unique',
  'POST /api/v1/api-keys': 'its answer holds the key, which must not be stored; a lost one is revoked by id',
  'POST /api/v1/webhooks':
    'its answer holds the secret, which must not be stored; a lost one is deleted by id',
  'POST /api/v1/agents': 'the name is the key: a repetition is a conflict',
  'POST /api/v1/approvals/{id}': 'one decision counts: a repetition is a conflict',
  'POST /api/v1/runs/{id}/cancel': 'a repetition changes nothing',
  'POST /api/v1/workspaces/{name}/update': 'a repetition only fetches again',
  'POST /api/v1/tool-imports/openapi': 'the name is the key: a repetition makes the same tools',
  'POST /api/v1/users': 'the address is the key: a repetition is a conflict',
};

describe('the OpenAPI document', () => {
  it('[S89] equals the router', () => {
    expect(all.map(nameOf).sort()).toEqual(routedOperations(server).sort());
    expect(all.length).toBeGreaterThan(20);
  });

  it('is OpenAPI 3.1 and its schemas are JSON Schema 2020-12', () => {
    expect(document.openapi).toBe('3.1.0');
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'root', ...document });
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `root#/components/schemas/${name}` })).not.toThrow();
    }
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    const missing = refs.filter(([, name]) => document.components.schemas[name ?? ''] === undefined);
    expect(missing).toEqual([]);
  });

  it('says what each operation is for, in one group', () => {
    expect(
      offenders(({ spec }) =>
        typeof spec.summary === 'string' && spec.tags?.length === 1 ? undefined : 'summary or tag is missing',
      ),
    ).toEqual([]);
  });

  it('has a schema for each answer', () => {
    expect(
      offenders(({ spec }) => {
        const good = Object.entries<{ content?: Record<string, { schema?: unknown }> }>(
          spec.responses,
        ).filter(([status]) => status.startsWith('2'));
        if (good.length === 0) return 'no successful answer';
        const bare = good.find(
          ([status, { content }]) =>
            status !== '204' && !Object.values(content ?? {}).some((media) => media.schema !== undefined),
        );
        return bare === undefined ? undefined : `${bare[0]} has no schema`;
      }),
    ).toEqual([]);
  });

  it('has a schema for each parameter', () => {
    expect(
      offenders(({ spec, path }) => {
        const parameters: { name: string; in: string; schema?: object }[] = spec.parameters ?? [];
        // A parameter without a schema of ours shows as a bare { type: string }.
        const bare = parameters.find(({ schema = {} }) => Object.keys(schema).length < 2);
        if (bare !== undefined) return `${bare.name} is not described`;
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
        return inPath.every((name) => named.includes(name ?? '')) ? undefined : 'a path parameter is missing';
      }),
    ).toEqual([]);
  });

  it('has a schema for each body, closed to unknown properties', () => {
    expect(
      offenders(({ spec }) => {
        if (spec.requestBody === undefined) return undefined;
        const schema = resolve(spec.requestBody.content?.['application/json']?.schema);
        if (schema === undefined || Object.keys(schema).length < 2) return 'the body has no schema';
        return schema.type === 'object' && schema.additionalProperties !== false
          ? 'unknown properties pass'
          : undefined;
      }),
    ).toEqual([]);
  });

  it('offers Idempotency-Key where something is created or started', () => {
    const started = offenders((operation) => {
      const { method, spec } = operation;
      const starts = method === 'POST' && ('201' in spec.responses || '202' in spec.responses);
      const offers = (spec.parameters ?? []).some(({ name }: { name: string }) => name === 'Idempotency-Key');
      return starts && !offers && WITHOUT_KEY[nameOf(operation)] === undefined
        ? 'has no Idempotency-Key'
        : undefined;
    });
    expect(started).toEqual([]);
  });
});
