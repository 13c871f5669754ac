import { fromJsonSchema, type InputRequests, type ServerContext } from '@modelcontextprotocol/server';
import { type ClientQuestion, type ToolClient, ToolPaused } from '../../tools/tool.js';
import { type McpChange, type McpChanges } from '../changes.js';

/** Answers that a client gave, by the key of the question. */
export type Answers = Readonly<Record<string, unknown>>;

/**
 * The client of a 2026-07-28 call. It cannot be asked while the call waits: what is unanswered becomes the result of the
 * call (`input_required`, basic/patterns/mrtr), and the client calls again with its answers and those before.
 */
export class PausedClient implements ToolClient {
  private readonly open: Record<string, ClientQuestion> = {};
  private readonly known: Record<string, unknown> = {};

  constructor(
    readonly capabilities: Readonly<Record<string, unknown>>,
    private readonly answers: Answers,
    private readonly changes: McpChanges,
    private readonly context: ServerContext,
  ) {}

  /** The questions that the call ended with; undefined when it needs none. */
  get questions(): InputRequests | undefined {
    return Object.keys(this.open).length > 0 ? (this.open as InputRequests) : undefined;
  }

  /** The answers to what was asked so far, for the next round. */
  get answered(): Answers {
    return this.known;
  }

  async ask(questions: Readonly<Record<string, ClientQuestion>>): Promise<Answers> {
    const result: Record<string, unknown> = {};
    let isComplete = true;
    for (const [key, question] of Object.entries(questions)) {
      const answer = Object.hasOwn(this.answers, key) ? this.answers[key] : undefined;
      if (await isAnswer(question, answer)) result[key] = this.known[key] = answer;
      else {
        this.open[key] = question;
        isComplete = false;
      }
    }
    if (!isComplete) throw new ToolPaused();
    return result;
  }

  async log(level: string, data: unknown): Promise<void> {
    await this.context.mcpReq.log(level as 'info', data, 'mcp-server');
  }

  listChanged(list: Extract<McpChange, { list: string }>['list']): void {
    this.changes.publish({ list });
  }
}

/** Does the answer have the form that its question asks for? What does not is asked again. */
async function isAnswer(question: ClientQuestion, answer: unknown): Promise<boolean> {
  if (typeof answer !== 'object' || answer === null) return false;
  const given = answer as Record<string, unknown>;
  switch (question.method) {
    case 'roots/list':
      return Array.isArray(given.roots);
    case 'sampling/createMessage':
      return typeof given.content === 'object' && given.content !== null;
    case 'elicitation/create': {
      if (given.action === 'decline' || given.action === 'cancel') return true;
      const schema = question.params?.requestedSchema;
      if (given.action !== 'accept' || schema === undefined) return given.action === 'accept';
      const check = fromJsonSchema(schema as never)['~standard'].validate(given.content ?? {});
      return (await check).issues === undefined;
    }
  }
}
