import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { HumanMessage } from '@langchain/core/messages';
import { respond } from '../../../src/agents/models/planner/respond.js';
import { type PlannerTool } from '../../../src/agents/models/planner/tools.js';
import { TOOLS } from '../../planner/tools.js';

type Expected = string | string[] | [string, Record<string, unknown>][];

const read = (name: string) =>
  JSON.parse(readFileSync(path.resolve('test/planner', name), 'utf8')) as unknown;
const { agents, requests } = read('requests.json') as {
  agents: Record<string, string[]>;
  requests: [string, string, Expected][];
};

const toolsOf = (agent: string): PlannerTool[] =>
  (agents[agent] ?? []).map((name) => ({ name, ...TOOLS[name] }));

/** What the planner does first with a request, in the terms of requests.json. */
function firstMove(agent: string, request: string, expected: Expected): unknown {
  const { text, calls } = respond([new HumanMessage(request)], toolsOf(agent));
  if (calls.length === 0) {
    const asked = /I need "([^"]+)"/.exec(text)?.[1];
    return asked === undefined
      ? text.includes('I have no tool for')
        ? 'cannot'
        : 'greets'
      : `asks ${asked}`;
  }
  if (typeof expected[0] === 'string') return calls.map(({ name }) => name.replace(/^ask_/, ''));
  return calls.map(({ name, args }) => [name, args]);
}

describe('requests in many words', () => {
  const wrong = requests.flatMap(([agent, request, expected]) => {
    const got = firstMove(agent, request, expected);
    return JSON.stringify(got) === JSON.stringify(expected) || sameCalls(got, expected)
      ? []
      : [{ agent, request, expected, got }];
  });

  it('are understood in at least 95 of 100 cases', () => {
    const accuracy = 1 - wrong.length / requests.length;
    if (process.env.SHOW_WRONG !== undefined)
      process.stderr.write(`${wrong.map((item) => JSON.stringify(item)).join('\n')}\n`);
    expect(requests.length).toBeGreaterThanOrEqual(340);
    expect({ accuracy, wrong }).toEqual({
      accuracy: expect.any(Number),
      wrong: wrong.slice(0, requests.length / 20),
    });
  });
});

function sameCalls(got: unknown, expected: Expected): boolean {
  try {
    expect(got).toEqual(expected);
    return true;
  } catch {
    return false;
  }
}
