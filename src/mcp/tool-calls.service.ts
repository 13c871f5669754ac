import { Injectable } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { DirectApprovals } from '../runs/approvals/direct-approvals.service.js';
import { ToolExecutor } from '../tools/tool-executor.service.js';
import { type CallResult, type Exchange } from './catalogue.types.js';
import { withHeartbeat } from './heartbeat.js';
import { RpcError } from './rpc-error.js';

/** Refusals that a model can do something about, beside wrong arguments. */
const TOLD = new Set(['tool_circuit_open', 'approval_required', 'approval_rejected']);

/** Calls of tools over MCP. */
@Injectable()
export class McpToolCalls {
  constructor(
    private readonly executor: ToolExecutor,
    private readonly approvals: DirectApprovals,
  ) {}

  /**
   * Calls a tool. Wrong arguments, a call that waits for approval, a tool that does not answer and a failing tool are
   * results with `isError`, so that the model can mend its call; an unknown tool, a missing right and overload are
   * protocol errors (server/tools, error handling).
   */
  async call(name: string, args: unknown, exchange: Exchange): Promise<CallResult> {
    const { actor, signal, client } = exchange;
    try {
      const outcome = await withHeartbeat(exchange.onProgress, (onProgress) =>
        this.executor.execute(actor, {
          ...{ name, arguments: args ?? {}, signal, client, onProgress },
          admit: (tool, valid) => this.approvals.admit(actor, tool, valid, client),
        }),
      );
      const { content, structuredContent, isError } = outcome;
      return { content, isError, ...(structuredContent !== undefined && { structuredContent }) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.kind === 'not_found') throw RpcError.invalidParams(`Unknown tool: ${name}`);
      const isResult = error.kind === 'invalid' || error.kind === 'unprocessable' || TOLD.has(error.code);
      if (isResult) return failure(error);
      throw error;
    }
  }
}

function failure(error: AppError): CallResult {
  const fields = (error.errors ?? []).map(
    ({ field, message }) => `\n- ${field || '(arguments)'}: ${message}`,
  );
  return { isError: true, content: [{ type: 'text', text: `${error.message}${fields.join('')}` }] };
}
