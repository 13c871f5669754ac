// How much slower are a call, a search and a list when the registry holds 1,000 tools instead of 10? Two servers of the
// same build on one PostgreSQL; both hold the same ten tools that are called and searched for.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startPostgres, startServer } from './support/server.mjs';

const SMALL = 10;
const LARGE = 1_000;
/** Nine tools of both servers, the tenth is search_tools; the others are about something else. */
const TOPICS = [
  'invoice',
  'customer',
  'parcel',
  'refund',
  'warehouse',
  'contract',
  'payroll',
  'meeting',
  'report',
];

export default {
  title: `a call, a search and a list with ${SMALL} and with ${LARGE} tools`,
  rounds: 7,
  async setup() {
    const postgres = await startPostgres();
    const start = async (count) => {
      const server = await startServer(await postgres.database(), {
        prepare: (folder) => writeTools(folder, count),
      });
      // Nothing but what was written here.
      for (const { name } of (await everyTool(server)).filter(
        (tool) => !/^bench_|^[a-z]+_find$|^search_tools$/.test(tool.name),
      ))
        await server.call('PATCH', `/api/v1/tools/${name}`, { enabled: false });
      const enabled = (await everyTool(server, '&enabled=true')).length;
      if (enabled !== count) throw new Error(`${enabled} tools are enabled, not ${count}`);
      return { ...server, count };
    };
    return { postgres, small: await start(SMALL), large: await start(LARGE) };
  },
  cases: ({ small, large }) => [small, large].flatMap((server) => casesOf(server)),
  goals: [
    ...['call, REST', 'call, MCP', 'search, REST', 'search, agents'].map((what) => goal(what, 1.5)),
    ...['list per tool, REST', 'list per tool, MCP'].map((what) => goal(what, 1)),
  ],
  async teardown({ postgres, small, large } = {}) {
    await Promise.allSettled([small?.stop(), large?.stop()]);
    await postgres?.stop();
  },
};

function goal(what, atMost) {
  return { name: what, of: `${what}, ${LARGE} tools`, anchor: `${what}, ${SMALL} tools`, atMost };
}

function casesOf(server) {
  const { count } = server;
  let turn = 0;
  const topic = () => TOPICS[turn++ % TOPICS.length];
  return [
    {
      name: `call, REST, ${count} tools`,
      run: async () => {
        const text = `text ${turn}`;
        const outcome = await server.call('POST', `/api/v1/tools/${topic()}_find/call`, {
          arguments: { text },
        });
        if (outcome.content[0].text !== `got ${text}`) throw new Error(JSON.stringify(outcome));
      },
    },
    {
      name: `call, MCP, ${count} tools`,
      run: async () => {
        const name = `${topic()}_find`;
        const { result } = await mcp(server, 'tools/call', { name, arguments: { text: 'x' } }, name);
        if (result.content[0].text !== 'got x') throw new Error(JSON.stringify(result));
      },
    },
    {
      name: `search, REST, ${count} tools`,
      run: async () => {
        const word = topic();
        const { items } = await server.call('GET', `/api/v1/tools?enabled=true&limit=5&q=${word}+archive`);
        if (items[0]?.name !== `${word}_find`) throw new Error(JSON.stringify(items));
      },
    },
    {
      name: `search, agents, ${count} tools`,
      run: async () => {
        const word = topic();
        const outcome = await server.call('POST', '/api/v1/tools/search_tools/call', {
          arguments: { query: `${word} archive`, limit: 5 },
        });
        if (outcome.structuredContent.tools[0]?.name !== `${word}_find`)
          throw new Error(JSON.stringify(outcome));
      },
    },
    {
      name: `list per tool, REST, ${count} tools`,
      ops: 10,
      warmup: 2,
      per: count,
      run: async () => {
        const tools = await everyTool(server, '&enabled=true');
        if (tools.length !== count) throw new Error(`${tools.length} tools`);
      },
    },
    {
      name: `list per tool, MCP, ${count} tools`,
      ops: 10,
      warmup: 2,
      per: count,
      run: async () => {
        let listed = 0;
        for (let cursor; ;) {
          const { result } = await mcp(server, 'tools/list', cursor === undefined ? {} : { cursor });
          listed += result.tools.length;
          cursor = result.nextCursor;
          if (cursor === undefined) break;
        }
        if (listed !== count) throw new Error(`${listed} tools`);
      },
    },
  ];
}

async function everyTool(server, filter = '') {
  const items = [];
  for (let cursor = ''; ;) {
    const page = await server.call('GET', `/api/v1/tools?limit=100${filter}${cursor}`);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

/** One request of revision 2026-07-28, which needs no session. */
async function mcp(server, method, params, name) {
  const response = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{
        authorization: `Bearer ${server.key}`,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
      },
      ...(name !== undefined && { 'mcp-name': name }),
    },
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method },
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
          'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
        },
      },
    }),
  });
  const text = await response.text();
  const message = text.startsWith('{')
    ? text
    : text
        .split('\n')
        .findLast((line) => line.startsWith('data: {'))
        ?.slice(6);
  const answer = JSON.parse(message ?? '{}');
  if (answer.result === undefined) throw new Error(`${method}: ${response.status} ${text.slice(0, 500)}`);
  return answer;
}

function writeTools(folder, count) {
  const extensions = path.join(folder, 'extensions');
  mkdirSync(extensions);
  for (let number = 0; number < count - 1; number += 1) {
    const topic = TOPICS[number];
    const name = topic === undefined ? `bench_${number}` : `${topic}_find`;
    const about =
      topic === undefined ? `measurement ${number} of sensor ${number % 37}` : `${topic} in the archive`;
    const tool = {
      ...{
        name,
        title: `Find ${about}`,
        description: `Finds one ${about} by its text and says what it found.`,
      },
      annotations: { readOnlyHint: true },
      input: {
        type: 'object',
        properties: {
          text: { type: 'string', description: 'What to look for.' },
          limit: { type: 'integer', minimum: 1, maximum: 50, description: 'How many at most.' },
          since: { type: 'string', format: 'date', description: 'Not older than this day.' },
        },
        required: ['text'],
        additionalProperties: false,
      },
    };
    const source = `export default { ...${JSON.stringify(tool)}, run: ({ text }) => 'got ' + text };\n`;
    writeFileSync(path.join(extensions, `${name}.tool.mjs`), source);
  }
  return { EXTENSIONS_DIR: extensions };
}
