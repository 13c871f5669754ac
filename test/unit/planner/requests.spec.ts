import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { AIMessage, type BaseMessage, HumanMessage } from '@langchain/core/messages';
import { respond } from '../../../src/agents/models/planner/respond.js';
import { type PlannerTool } from '../../../src/agents/models/planner/tools.js';
import { TOOLS } from '../../planner/tools.js';

type Expected = string | string[] | [string, Record<string, unknown>][];

const read = (name: string) =>
  JSON.parse(readFileSync(path.resolve('test/planner', name), 'utf8')) as unknown;
const { agents, requests } = read('requests.json') as {
  agents: Record<string, string[]>;
  /** Agent, what is said (several texts: one after the other), and what the planner shall do. */
  requests: [string, string | string[], Expected][];
};

const toolsOf = (agent: string): PlannerTool[] =>
  (agents[agent] ?? []).map((name) => ({ name, ...TOOLS[name] }));

/** What the planner does first with a request, in the terms of requests.json. */
function firstMove(agent: string, request: string | string[], expected: Expected): unknown {
  const turns: BaseMessage[] = [];
  for (const said of [request].flat()) {
    turns.push(new HumanMessage(said));
    turns.push(new AIMessage(respond(turns, toolsOf(agent)).text));
  }
  const { text, calls } = respond(turns.slice(0, -1), toolsOf(agent));
  if (calls.length === 0) {
    if (expected === 'nothing') return expected;
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
    expect(requests.length).toBeGreaterThanOrEqual(660);
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
