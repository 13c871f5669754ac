import { type RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  type LoggingLevel,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { type ClientQuestion, type ToolClient } from '../../tools/tool.js';
import { QUESTION_CAPABILITY } from '../catalogue.types.js';
import { type McpChange, type McpChanges } from '../changes.js';
import { McpErrors } from '../mcp.errors.js';

/** People answer in their own time. */
const ANSWER_TIMEOUT_MS = 600_000;
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
const ANSWERS = {
  'elicitation/create': ElicitResultSchema,
  'sampling/createMessage': CreateMessageResultSchema,
  'roots/list': ListRootsResultSchema,
} as const;

/** The client of a 2025-era call: it is asked while the call waits. */
export class LiveClient implements ToolClient {
  constructor(
    readonly capabilities: Readonly<Record<string, unknown>>,
    private readonly session: { readonly logLevel: LoggingLevel | null },
    private readonly changes: McpChanges,
    private readonly extra: RequestHandlerExtra<ServerRequest, ServerNotification>,
  ) {}

  async ask(questions: Readonly<Record<string, ClientQuestion>>): Promise<Record<string, unknown>> {
    const answers = Object.entries(questions).map(async ([key, question]) => {
      if (this.capabilities[QUESTION_CAPABILITY[question.method]] === undefined) {
        throw McpErrors.mcp_client_capability_missing(
          `The MCP client does not support ${QUESTION_CAPABILITY[question.method]}, which this needs.`,
        );
      }
      const answer = await this.extra.sendRequest(question as ServerRequest, ANSWERS[question.method], {
        timeout: ANSWER_TIMEOUT_MS,
        signal: this.extra.signal,
      });
      return [key, answer] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  }

  async log(level: string, data: unknown): Promise<void> {
    const known = LEVELS.find((candidate) => candidate === level) ?? 'info';
    const least = this.session.logLevel;
    if (least !== null && LEVELS.indexOf(known) < LEVELS.indexOf(least)) return;
    await this.extra.sendNotification({
      method: 'notifications/message',
      params: { level: known, logger: 'mcp-server', data },
    });
  }

  listChanged(list: Extract<McpChange, { list: string }>['list']): void {
    this.changes.publish({ list });
  }
}
