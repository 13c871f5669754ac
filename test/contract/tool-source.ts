import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ToolRegistry } from '../../src/tools/tool-registry.service.js';
import { modern } from '../support/mcp-client.js';
import { until } from '../support/server-process.js';
import { type TestApp } from '../support/test-app.js';

type Arguments = Readonly<Record<string, unknown>>;

/** A server with tools of the source under test. */
export interface ToolSourceFixture {
  readonly server: TestApp;
  /** A tool that works. */
  readonly tool: string;
  readonly arguments: Arguments;
  /** A text that a good answer holds. */
  readonly answer: string;
  /** Arguments that the tool's schema refuses. */
  readonly wrongArguments: Arguments;
  /** A call that does not end by itself within 10 s, and whether its work is still going on. */
  readonly hanging: {
    readonly tool: string;
    readonly arguments: Arguments;
    isRunning(): boolean | Promise<boolean>;
  };
  /** A call that fails where the tool comes from, and a text of the failure that no caller may see. */
  readonly failing?: { readonly tool: string; readonly arguments: Arguments; readonly hidden: string };
  /** A call whose result is larger than 4 KiB. */
  readonly large?: { readonly tool: string; readonly arguments: Arguments };
  /** Ends what the fixture started besides the server. */
  stop?(): Promise<void>;
}

/**
 * Contract of the port ToolSource: every source must pass it, through the doors that callers use. `lacks` says why a
 * source has no such call.
 */
export function describeToolSourceContract(
  name: string,
  start: () => Promise<ToolSourceFixture>,
  lacks: { readonly failing?: string; readonly large?: string } = {},
): void {
  describe(`tool source ${name}`, () => {
    let fixture: ToolSourceFixture;
    let server: TestApp;
    let token: string;
    beforeAll(async () => {
      fixture = await start();
      server = fixture.server;
      token = await server.login();
    });
    afterAll(async () => {
      await fixture?.stop?.();
      await server?.stop();
    });

    const tools = (method: string, path: string, body?: unknown) =>
      server.call(method, `/api/v1/tools/${path}`, { token, body });
    const call = (tool: string, args: Arguments) => tools('POST', `${tool}/call`, { arguments: args });
    const patch = async (tool: string, change: object) => {
      expect((await tools('PATCH', tool, change)).status).toBe(200);
    };

    it('lists a complete, pinned definition', async () => {
      const { body } = await tools('GET', fixture.tool);
      expect(body).toMatchObject({ name: fixture.tool, state: 'active', enabled: true });
      expect(body.inputSchema.type).toBe('object');
      expect(body.description).not.toBe('');
      expect(body.definitionHash).toMatch(/^[0-9a-f]{64}$/);
      const versions = await tools('GET', `${fixture.tool}/versions`);
      const used = versions.body.items.find((each: { version: number }) => each.version === body.version);
      expect(used.hash).toBe(body.definitionHash);
    });

    it('answers over REST and MCP alike, and leaves a record', async () => {
      const answer = await call(fixture.tool, fixture.arguments);
      expect([answer.status, answer.body.isError]).toEqual([200, false]);
      expect(JSON.stringify(answer.body.content)).toContain(fixture.answer);
      const overMcp = await modern(server, token, 'tools/call', {
        name: fixture.tool,
        arguments: fixture.arguments,
      });
      expect(JSON.stringify(overMcp.body.result.content)).toContain(fixture.answer);
      const [record] = await server.sql('select status from tool_calls where id = $1', [answer.body.callId]);
      expect(record).toEqual({ status: 'completed' });
    });

    it('refuses wrong arguments before the tool runs', async () => {
      const answer = await call(fixture.tool, fixture.wrongArguments);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_tool_arguments']);
      expect(answer.body.errors.length).toBeGreaterThan(0);
    });

    it('is switched off and on', async () => {
      await patch(fixture.tool, { enabled: false });
      expect((await call(fixture.tool, fixture.arguments)).body.code).toBe('tool_disabled');
      await patch(fixture.tool, { enabled: true });
      expect((await call(fixture.tool, fixture.arguments)).status).toBe(200);
    });

    it('ends at the deadline, lets go of its work, and others answer meanwhile', async () => {
      const { hanging } = fixture;
      const { timeoutMs } = (await tools('GET', hanging.tool)).body.policy;
      await patch(hanging.tool, { policy: { timeoutMs: 1_000 } });
      const ended = call(hanging.tool, hanging.arguments);
      expect((await call('text_stats', { text: 'meanwhile' })).body.isError).toBe(false);
      expect((await ended).body).toMatchObject({ isError: true, errorCode: 'tool_timeout' });
      await until('its work has ended', async () => !(await hanging.isRunning()), 5_000);
      await patch(hanging.tool, { policy: { timeoutMs } });
    });

    it('stops when the caller is gone', async () => {
      const { hanging } = fixture;
      const gone = new AbortController();
      const response = fetch(`${server.url}/api/v1/tools/${hanging.tool}/call`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ arguments: hanging.arguments }),
        signal: gone.signal,
      }).catch((error: Error) => error.name);
      await until('it works', () => hanging.isRunning(), 5_000);
      gone.abort();
      expect(await response).toBe('AbortError');
      await until('its work has ended', async () => !(await hanging.isRunning()), 5_000);
    });

    itUnless(lacks.failing, 'hides what went wrong behind it', async () => {
      const { failing } = fixture;
      if (failing === undefined) throw new Error('the fixture has no call that fails');
      const answer = await call(failing.tool, failing.arguments);
      expect([answer.status, answer.body.isError]).toEqual([200, true]);
      expect(JSON.stringify(answer.body)).not.toContain(failing.hidden);
    });

    itUnless(lacks.large, 'is cut where its policy says', async () => {
      const { large } = fixture;
      if (large === undefined) throw new Error('the fixture has no call with a large result');
      const { maxResultBytes } = (await tools('GET', large.tool)).body.policy;
      await patch(large.tool, { policy: { maxResultBytes: 1_024 } });
      const { body } = await call(large.tool, large.arguments);
      expect(JSON.stringify(body.content).length).toBeLessThan(3_000);
      await patch(large.tool, { policy: { maxResultBytes } });
    });

    it('keeps its tools when it is asked again', async () => {
      const before = (await tools('GET', fixture.tool)).body;
      await server.app.get(ToolRegistry).reload();
      expect((await tools('GET', fixture.tool)).body).toEqual(before);
    });
  });
}

/** A test, or one that is skipped, counted, and says why. */
function itUnless(why: string | undefined, title: string, test: () => Promise<void>): void {
  const run = why === undefined ? it : it.skip;
  run(why === undefined ? title : `${title} (${why})`, test);
}
