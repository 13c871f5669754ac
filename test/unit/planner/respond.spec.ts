import { describe, expect, it } from '@jest/globals';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { NOTE, respond } from '../../../src/agents/models/planner/respond.js';
import { type PlannerTool } from '../../../src/agents/models/planner/tools.js';
import { TOOLS } from '../../planner/tools.js';

const tools = (...names: string[]): PlannerTool[] => names.map((name) => ({ name, ...TOOLS[name] }));
const human = (text: string) => new HumanMessage(text);
const said = (text: string) => new AIMessage(text);

/** Adds the planner's calls and their results to a conversation. */
function played(
  turns: BaseMessage[],
  reply: ReturnType<typeof respond>,
  results: { text: string; failed?: boolean }[],
): BaseMessage[] {
  const tool_calls = reply.calls.map((call, index) => ({ ...call, id: `c${turns.length}_${index}` }));
  return [
    ...turns,
    new AIMessage({ content: reply.text, tool_calls }),
    ...results.map(({ text, failed = false }, index) => {
      const status = failed ? 'error' : 'success';
      return new ToolMessage({ content: text, tool_call_id: tool_calls[index]?.id ?? '', status });
    }),
  ];
}

describe('a conversation with the planner', () => {
  it('says what it will do, then quotes the results and that it is no LLM', () => {
    const offered = tools('git_log', 'calculator');
    const turns = [human('Who changed a.txt last? And what is 10% of 70?')];
    const first = respond(turns, offered);
    expect(first.text).toBe('I will use git log and calculator at the same time.');
    const asked = respond([human('Ask the analyst for 10% of 70')], tools('ask_analyst'));
    expect(asked.text).toBe('I will ask analyst.');
    const log = {
      path: 'a.txt',
      total: 9,
      commits: [
        { author: 'Ada', subject: 'Fix' },
        { author: 'Bo', subject: 'Add' },
      ],
    };
    const last = respond(
      played(turns, first, [{ text: JSON.stringify(log) }, { text: '10 / 100 * 70 = 7' }]),
      offered,
    );
    expect(last.calls).toEqual([]);
    for (const fact of ['total: 9', 'author: Ada', '10 / 100 * 70 = 7', NOTE])
      expect(last.text).toContain(fact);
    expect(last.text).not.toContain('Bo');
  });

  it('plans a request anew for other tools or after other words', () => {
    const request = human('What is 6 * 7?');
    expect(respond([request], tools('calculator')).calls).toHaveLength(1);
    expect(respond([request], tools('git_log')).calls).toEqual([]);
    const again = human('and in Bergen?');
    const after = (text: string) =>
      respond([human(text), said('It rains.'), again], tools('get_weather')).calls[0]?.args;
    expect(after('What is the weather in Oslo?')).toEqual({ city: 'Bergen' });
    expect(after('Weather in Oslo in imperial units?')).toEqual({ city: 'Bergen', units: 'imperial' });
  });

  it('runs a later step with the result of the one before', () => {
    const offered = tools('calculator');
    const turns = [human('What is 6 * 7, then multiply that by 10')];
    const first = respond(turns, offered);
    expect(first.calls).toEqual([{ name: 'calculator', args: { expression: '6 * 7' } }]);
    const second = respond(played(turns, first, [{ text: '6 * 7 = 42' }]), offered);
    expect(second.calls).toEqual([{ name: 'calculator', args: { expression: '42 * 10' } }]);
  });

  it('gives a sub-agent what was found before, and leaves out its note', () => {
    const offered = tools('ask_code-historian', 'ask_analyst');
    const turns = [human('how many commits touched a.txt; then multiply that by 3')];
    const first = respond(turns, offered);
    const second = respond(played(turns, first, [{ text: `5 commits touched a.txt.\n\n${NOTE}` }]), offered);
    expect(second.calls.map(({ name }) => name)).toEqual(['ask_analyst']);
    const task = String(second.calls[0]?.args.task);
    expect(task).toContain('5 commits touched a.txt.');
    expect(task).not.toContain(NOTE);
    expect(respond([human(task)], tools('calculator')).calls).toEqual([
      { name: 'calculator', args: { expression: '5 * 3' } },
    ]);
  });

  it('asks for what is missing and understands the answer', () => {
    const offered = tools('roll_dice', 'calculator');
    const asked = respond([human('roll a die')], offered);
    expect(asked.text).toContain('I need "sides"');
    const next = respond([human('roll a die'), said(asked.text), human('20')], offered);
    expect(next.calls).toEqual([{ name: 'roll_dice', args: { sides: 20 } }]);
  });

  it('knows what "it" was in the turn before', () => {
    const turns = [
      human('how many commits touched src/a.ts'),
      said('Three.'),
      human('and who changed it last?'),
    ];
    expect(respond(turns, tools('git_log', 'git_show')).calls).toEqual([
      { name: 'git_log', args: { path: 'src/a.ts' } },
    ]);
  });

  it('does not take a word for an id that nobody gave', () => {
    const car_id = { type: 'string', description: 'Id of the car, e.g. CAR-77.' };
    const parameters = { type: 'object', properties: { car_id }, required: ['car_id'] };
    const reserve = { name: 'car_reserve', description: 'Reserves a rental car.', parameters };
    const asked = respond([human('I want to reserve the car longer')], [reserve]);
    expect(asked.calls).toEqual([]);
    expect(asked.text).toContain('I need "car_id"');
  });

  it('reports a failure as one, and what it cannot do with how to get a model', () => {
    const offered = tools('calculator');
    const turns = [human('what is 1 / 0')];
    const failed = respond(
      played(turns, respond(turns, offered), [{ text: 'Division by zero.', failed: true }]),
      offered,
    );
    expect(failed.text).toContain('That failed: Division by zero.');
    const cannot = respond([human('write a poem about the sea')], offered).text;
    expect(cannot).toContain('I have no tool for');
    expect(cannot).toContain('LLM_MODEL=');
    expect(respond([human('hello')], []).text).toContain('without tools');
  });

  it('fills a later step from the fields of a result', () => {
    const offered = tools('helpdesk__create_ticket', 'helpdesk__assign_ticket');
    const turns = [human('create a ticket "No sound", then assign it to priya')];
    const first = respond(turns, offered);
    expect(first.calls).toEqual([{ name: 'helpdesk__create_ticket', args: { subject: 'No sound' } }]);
    const second = respond(
      played(turns, first, [{ text: '{"ticket_id":71,"subject":"No sound"}' }]),
      offered,
    );
    expect(second.calls).toEqual([
      { name: 'helpdesk__assign_ticket', args: { ticket_id: 71, assignee: 'priya' } },
    ]);
  });

  it('asks on until nothing is missing', () => {
    const offered = tools('maps_distance');
    const turns: BaseMessage[] = [human('what is the distance?')];
    for (const answer of ['Oslo', 'Bergen']) turns.push(said(respond(turns, offered).text), human(answer));
    expect(respond(turns, offered).calls).toEqual([
      { name: 'maps_distance', args: { from: 'Oslo', to: 'Bergen' } },
    ]);
  });

  it.each([
    "don't delete ticket 9",
    'Do not ever delete ticket 9!',
    'please never delete ticket 9',
    'Under no circumstances delete ticket 9',
    'You must not delete ticket 9.',
    'I want you to avoid deleting ticket 9',
    "I don't want you to delete ticket 9",
    'is ticket 9 gone?',
    'what about ticket 9',
    'ticket 9',
  ])('never deletes by "%s"', (request) => {
    const offered = tools('helpdesk__delete_ticket');
    expect(respond([human(request)], offered).calls).toEqual([]);
    const others = tools('helpdesk__delete_ticket', 'helpdesk__get_ticket');
    expect(respond([human(request)], others).calls.map(({ name }) => name)).not.toContain(
      'helpdesk__delete_ticket',
    );
  });

  it('does what is asked beside what is refused', () => {
    const offered = tools('helpdesk__delete_ticket', 'helpdesk__get_ticket');
    const turns = [human("show ticket 9 but don't delete it")];
    const first = respond(turns, offered);
    expect(first.calls).toEqual([{ name: 'helpdesk__get_ticket', args: { ticket_id: 9 } }]);
    const last = respond(played(turns, first, [{ text: 'Ticket 9: printer' }]), offered);
    expect(last.calls).toEqual([]);
    expect(last.text).toContain('I leave this undone');
  });

  it.each([
    ['who deleted ticket 9?', []],
    ['when was ticket 9 deleted?', ['helpdesk__get_ticket']],
    ['How do I delete ticket 9?', []],
    ['can you delete ticket 9?', ['helpdesk__delete_ticket']],
    ['what about deleting ticket 9', ['helpdesk__delete_ticket']],
  ])('destroys nothing for a question of fact: "%s"', (request, called) => {
    const offered = tools('helpdesk__delete_ticket', 'helpdesk__get_ticket');
    expect(respond([human(request)], offered).calls.map(({ name }) => name)).toEqual(called);
  });

  it.each(['a, b, ', 'order the thing and ', 'Show my cart. ', '{', '"a" ', 'a-', 'a@', '{"a":[1,2]},'])(
    'answers a long text of "%s"',
    (piece) => {
      const offered = tools('search_products', 'view_cart', 'checkout');
      expect(respond([human(piece.repeat(20_000 / piece.length))], offered).text).not.toBe('');
    },
  );
});
