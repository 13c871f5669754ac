import { z } from 'zod';
import { SecretName } from '../../secrets/secrets.dto.js';
import { JSON_POINTER, pointerParts } from './json-pointer.js';

/** Takes the argument that the pointer names; `style` and `explode` as in OpenAPI, for anything but a text or number. */
const Argument = z.strictObject({
  $arg: z.string().min(1).max(500).regex(JSON_POINTER, 'must be a JSON Pointer such as /customer/id'),
  style: z
    .enum(['simple', 'label', 'matrix', 'form', 'spaceDelimited', 'pipeDelimited', 'deepObject'])
    .optional(),
  explode: z.boolean().optional(),
});
export type Argument = z.infer<typeof Argument>;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A constant, or a JSON value in which each `{"$arg": "/pointer"}` stands for an argument. */
export const Template: z.ZodType<Json> = z.json().superRefine((value, context) => {
  for (const open: unknown[] = [value]; open.length > 0;) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Object.hasOwn(next, '$arg') && !Argument.safeParse(next).success)
      context.addIssue({ code: 'custom', message: 'must be {"$arg": "/pointer"} where $arg is used' });
    else open.push(...(Object.values(next) as unknown[]));
  }
});

const Auth = z.strictObject({
  type: z.enum(['bearer', 'basic', 'header', 'query']),
  secret: SecretName,
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,100}$/)
    .optional(),
  username: z.string().min(1).max(200).optional(),
});

const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
/** What the connection, the guard or the vault decides, never a mapping. [S45] */
const RESERVED_HEADERS =
  /^(?:host|authorization|cookie|set-cookie|content-length|content-encoding|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|via|forwarded|x-forwarded-.*|x-real-ip|x-http-method.*|x-method-override|x-original-url|x-rewrite-url|proxy-.*|sec-.*)$/i;
/** Fixed by the tool's author only: they say how the rest is to be read. */
const CONSTANT_HEADERS = /^(?:accept|content-type|user-agent|origin|referer|api-version)$/i;

/** `source` of a tool of the kind `http`, and what each operation of an OpenAPI document is compiled to. */
export const HttpSource = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  /** `{name}` in its path takes the argument of that name, or what `path` says. */
  url: z.string().min(1).max(2_000),
  path: z.record(z.string().max(100), Argument).optional(),
  query: z.record(z.string().min(1).max(100), Template).optional(),
  headers: z
    .record(z.string(), Template)
    .superRefine((headers, context) => {
      for (const [name, value] of Object.entries(headers)) {
        const problem = headerProblem(name, value);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    })
    .optional(),
  body: Template.optional(),
  /** `none` sends no body, whatever arguments there are. */
  bodyType: z.enum(['json', 'form', 'none']).optional(),
  /** The short form of `auth: {type: "bearer", secret}`. */
  secret: SecretName.optional(),
  auth: Auth.optional(),
  /** Set by an import: which operation of which document this is. */
  operation: z.string().max(400).optional(),
});
export type HttpSource = z.infer<typeof HttpSource>;

function headerProblem(name: string, value: Json): string | undefined {
  if (!HEADER_NAME.test(name)) return 'is not the name of a header';
  if (/^(?:authorization|cookie)$/i.test(name)) return 'is a credential: store it as a secret and use "auth"';
  if (RESERVED_HEADERS.test(name)) return 'cannot be set by a tool';
  if (CONSTANT_HEADERS.test(name) && typeof value !== 'string') return 'must be a constant text';
  return undefined;
}

export function isArgument(value: unknown): value is Argument {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '$arg');
}

/** Names in `{…}` of the path of a URL template, in order. */
export function pathNames(url: string): string[] {
  return [...url.matchAll(/\{([^{}/]*)\}/g)].map((match) => match[1] ?? '');
}

/** Arguments (by their first pointer part) that a source uses by name. */
export function usedArguments(source: HttpSource): Set<string> {
  const used = new Set(
    pathNames(source.url).map((name) => {
      const pointer = source.path?.[name]?.$arg;
      return pointer === undefined ? name : (pointerParts(pointer)[0] ?? '');
    }),
  );
  const open: unknown[] = [source.query, source.headers, source.body];
  while (open.length > 0) {
    const next = open.pop();
    if (isArgument(next)) used.add(pointerParts(next.$arg)[0] ?? '');
    else if (typeof next === 'object' && next !== null) open.push(...(Object.values(next) as unknown[]));
  }
  return used;
}
