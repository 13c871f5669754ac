import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildOnce, environment, PROJECT } from '../support/server-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

let server: TestApp;
let token: string;
let home: string;
beforeAll(async () => {
  buildOnce();
  server = await startTestApp();
  token = await server.login();
  home = mkdtempSync(path.join(tmpdir(), 'mcp-server-home-'));
}, 120_000);
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = environment({ MCP_SERVER_URL: server.url, MCP_SERVER_TOKEN: token, XDG_CONFIG_HOME: home });
  return new Promise((resolve) => {
    execFile(path.join(PROJECT, 'bin/mcp-server'), args, { cwd: home, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
/** The file that a guide tells its reader to write. */
function save(guide: string): string {
  const page = readFileSync(path.join(PROJECT, 'docs/guides', guide), 'utf8');
  const [, name = '', text = ''] = /```yaml file=(\S+)\n([\s\S]*?)```/.exec(page) ?? [];
  writeFileSync(path.join(home, name), text);
  return name;
}

describe('agents as files', () => {
  it('every pattern of the guide is applied and works', async () => {
    const file = save('multi-agent-patterns.md');
    const made = await cli('agents', 'apply', file);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(created {2}[\w-]+\n){4}$/) });
    expect((await cli('agents', 'apply', file)).stdout).toMatch(/^(unchanged {2}[\w-]+\n){4}$/);
    for (const agent of ['coordinator', 'reception', 'bulletin', 'second-opinion']) {
      const body = { input: 'What is 19% of 1250?', agent };
      const { id } = (await server.call('POST', '/api/v1/runs', { token, body })).body;
      const done = await server.call('GET', `/api/v1/runs/${id}/wait?timeoutMs=20000`, { token });
      expect([agent, done.body.status, done.body.output?.text]).toEqual([
        agent,
        'completed',
        expect.stringContaining('237.5'),
      ]);
    }
  });

  it('are exported, changed with a preview, and rolled back', async () => {
    const { stdout } = await cli('agents', 'export', 'bulletin');
    writeFileSync(path.join(home, 'b.yaml'), stdout.replace('then calculates again', 'then checks'));
    const preview = await cli('agents', 'apply', 'b.yaml', '--dry-run');
    expect(preview.stdout).toContain(
      'updated  bulletin\n  description: "Calculates, then calculates again."',
    );
    expect((await cli('agents', 'apply', 'b.yaml')).code).toBe(0);
    expect((await cli('agents', 'rollback', 'bulletin', '1')).code).toBe(0);
    expect((await cli('agents', 'export', 'bulletin')).stdout).toBe(stdout);
    const missing = await cli('agents', 'apply', 'no-such-file.yaml');
    expect([missing.code, missing.stderr]).toEqual([64, expect.stringContaining('no-such-file.yaml')]);
  });
});

describe('agents evaluate', () => {
  it('runs the cases of the guide', async () => {
    const { code, stdout } = await cli('agents', 'evaluate', save('evaluate-an-agent.md'));
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 passed, 0 failed')]);
  });

  it('says why a case fails, by exit code 1 and a report', async () => {
    const cases = {
      cases: [
        {
          ...{ input: 'What is 2 + 3?', expectedTools: ['git_log'], notTools: ['calculator', 'ask_analyst'] },
          assertions: {
            ...{ contains: ['seven'], notContains: ['5'], matches: ['^six$'], equals: { '/a~1b': 1 } },
            ...{ maxSteps: 1, maxDurationMs: 1, status: 'failed' },
          },
        },
        { name: 'fine', input: 'What is 2 + 3?', agent: 'analyst', assertions: { contains: ['5'] } },
      ],
    };
    writeFileSync(path.join(home, 'cases.json'), JSON.stringify(cases));
    const { code, stdout } = await cli('agents', 'evaluate', 'cases.json', '--json');
    const report = JSON.parse(stdout);
    expect([code, report.passed, report.failed]).toEqual([1, 1, 1]);
    const [bad, good] = report.cases;
    expect(bad.reasons).toEqual([
      'status is completed, not failed',
      'git_log was not called',
      'calculator was called',
      'ask_analyst was called',
      'the answer does not contain "seven"',
      'the answer contains "5"',
      'the answer does not match ^six$',
      '/a~1b is undefined, not 1',
      expect.stringMatching(/^\d+ model calls, not 1$/),
      expect.stringMatching(/^\d+ ms, not 1$/),
    ]);
    expect(good).toMatchObject({ name: 'fine', passed: true, tools: ['calculator'], costUsd: 0 });
    expect(report.totals.toolCalls).toBe(bad.tools.length + 1);
  });

  it('--simulate calls no tool', async () => {
    const cases = { cases: [{ input: 'What is 2 + 3?', agent: 'analyst', expectedTools: ['calculator'] }] };
    writeFileSync(path.join(home, 'simulated.json'), JSON.stringify(cases));
    const { code, stdout } = await cli('agents', 'evaluate', 'simulated.json', '--simulate', '--json');
    const {
      cases: [one],
    } = JSON.parse(stdout);
    expect([code, one.passed]).toEqual([0, true]);
    const run = await server.call('GET', `/api/v1/runs/${one.runId}`, { token });
    expect(run.body.simulate).toBe(true);
    expect(await server.sql('select mode from tool_calls where run_id = $1', [one.runId])).toEqual([
      { mode: 'simulated' },
    ]);
  });

  it('refuses a file that is wrong before it runs anything', async () => {
    writeFileSync(
      path.join(home, 'wrong.yaml'),
      'cases:\n  - input: x\n    assertions: { matches: ["(?=a)"] }\n',
    );
    const { code, stderr } = await cli('agents', 'evaluate', 'wrong.yaml');
    expect([code, stderr]).toEqual([64, expect.stringContaining('cases.0.assertions.matches.0')]);
  });
});
