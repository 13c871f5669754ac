import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = path.resolve(import.meta.dirname, '../..');
const sources = ['src', 'migrations'].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
);
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

describe('the MCP eras', () => {
  it('v2025 can be deleted: only the router and its module know it', () => {
    const users = sources
      .filter((file) => !file.startsWith('src/mcp/v2025/') && /from '[^']*\/v2025\//.test(read(file)))
      .sort();
    expect(users).toEqual(['src/mcp/mcp-router.ts', 'src/mcp/mcp.module.ts']);
  });

  it('each SDK stays in the folder of its era', () => {
    const using = (pattern: RegExp) =>
      sources.filter((file) => file.startsWith('src/mcp/') && pattern.test(read(file)));
    expect(using(/'@modelcontextprotocol\/sdk/).every((file) => file.startsWith('src/mcp/v2025/'))).toBe(
      true,
    );
    const ofServer = using(/'@modelcontextprotocol\/(server|node)/);
    expect(ofServer.filter((file) => !file.startsWith('src/mcp/v2026/'))).toEqual(['src/mcp/mcp-router.ts']);
  });
});
