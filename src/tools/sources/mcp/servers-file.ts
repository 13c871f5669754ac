import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { canonicalJson } from '../../../common/canonical-json.js';
import { ConfigError, ENV, type Env } from '../../../config/env.js';
import { type SourceProblem } from '../tool-source.js';
import { type StdioCommand } from './client/stdio-transport.js';

const MAX_BYTES = 1 << 20;
const MAX_SERVERS = 100;

/** A server as the operator's file describes it. */
export type FileServer =
  | { readonly transport: 'stdio'; readonly command: StdioCommand }
  | { readonly transport: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };

const text = z.string('must be a text');
const Stdio = z.looseObject({
  command: text.min(1, 'must name a program'),
  args: z.array(text, 'must be a list of texts').default([]),
  env: z.record(z.string(), text, 'must be an object of texts').default({}),
  cwd: text.optional(),
});
const Http = z.looseObject({
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
  headers: z.record(z.string(), text, 'must be an object of texts').default({}),
});
const HTTP_TYPES = new Set([undefined, 'http', 'streamable-http', 'streamableHttp']);

/**
 * MCP_SERVERS_FILE: the `mcpServers` JSON that MCP clients use, taken as it is; members that we do not know are left
 * alone. The only way to servers that are started as a command: whoever can write the file runs programs here. [S56]
 */
@Injectable()
export class ServersFile {
  private readonly file: string | undefined;
  private isRead = false;
  private servers: ReadonlyMap<string, FileServer> = new Map();

  constructor(@Inject(ENV) env: Env) {
    this.file = env.MCP_SERVERS_FILE === undefined ? undefined : path.resolve(env.MCP_SERVERS_FILE);
  }

  get all(): ReadonlyMap<string, FileServer> {
    return this.servers;
  }

  get(name: string): FileServer | undefined {
    return this.servers.get(name);
  }

  /** Equal for equal configurations. */
  fingerprint(name: string): string {
    return canonicalJson(this.servers.get(name) ?? null);
  }

  /**
   * Reads the file again. A broken entry is a problem and the others are taken. A file that cannot be read at all stops
   * the start (ConfigError); later it is a problem and what was read before stays.
   */
  read(): SourceProblem[] {
    if (this.file === undefined) return [];
    try {
      const { servers, problems } = parseServers(contentOf(this.file), this.file);
      this.servers = servers;
      this.isRead = true;
      return problems;
    } catch (error) {
      if (!this.isRead) throw error;
      return [{ file: path.basename(this.file), message: (error as Error).message }];
    }
  }
}

function contentOf(file: string): unknown {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigError(['MCP_SERVERS_FILE does not name a readable file']);
  }
  if (content.length > MAX_BYTES) throw new ConfigError(['MCP_SERVERS_FILE is larger than 1 MiB']);
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new ConfigError([`MCP_SERVERS_FILE is not valid JSON: ${safe((error as Error).message)}`]);
  }
}

/** The parser quotes what it met, which may be a secret: only the place, or the one character, is told. */
function safe(message: string): string {
  const place = /position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0];
  const token = /^Unexpected token (?:'.'|.)(?=[, ])/u.exec(message)?.[0];
  return place ?? token ?? (message.includes('end of JSON') ? 'it ends too early' : 'syntax error');
}

function parseServers(content: unknown, file: string) {
  const parsed = z.looseObject({ mcpServers: z.record(z.string(), z.unknown()) }).safeParse(content);
  if (!parsed.success)
    throw new ConfigError([
      'MCP_SERVERS_FILE must be an object with a member "mcpServers": { "<name>": { … } }',
    ]);
  const servers = new Map<string, FileServer>();
  const problems: SourceProblem[] = [];
  for (const [name, entry] of Object.entries(parsed.data.mcpServers)) {
    try {
      if ((entry as { disabled?: unknown } | null)?.disabled === true) continue;
      if (servers.size >= MAX_SERVERS) throw new Error(`there are more than ${MAX_SERVERS} servers`);
      servers.set(name, serverOf(name, entry, path.dirname(file)));
    } catch (error) {
      problems.push({
        file: `${path.basename(file)}: ${name.slice(0, 128)}`,
        message: (error as Error).message,
      });
    }
  }
  return { servers, problems };
}

function serverOf(name: string, entry: unknown, folder: string): FileServer {
  if (name.length < 1 || name.length > 128) throw new Error('its name must have 1 to 128 characters');
  const { type, command, url } = (entry ?? {}) as { type?: unknown; command?: unknown; url?: unknown };
  if (command !== undefined && (type === undefined || type === 'stdio')) {
    const { cwd, ...stdio } = checked(Stdio, entry);
    const { args, env } = stdio;
    return {
      transport: 'stdio',
      command: {
        command: stdio.command,
        args,
        env,
        ...(cwd !== undefined && { cwd: path.resolve(folder, cwd) }),
      },
    };
  }
  if (type === 'sse')
    throw new Error('type "sse" is the transport of 2024, which is not spoken; give its Streamable HTTP url');
  if (url === undefined) throw new Error('it needs "command" or "url"');
  if (!HTTP_TYPES.has(type as string | undefined)) throw new Error('type must be "stdio" or "http"');
  const http = checked(Http, entry);
  return { transport: 'http', url: http.url, headers: http.headers };
}

function checked<T extends z.ZodType>(schema: T, entry: unknown): z.output<T> {
  const parsed = schema.safeParse(entry);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`"${issue?.path.map(String).join('.') ?? ''}" ${issue?.message ?? 'is not valid'}`);
}
