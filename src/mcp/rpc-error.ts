import { Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { toAppError } from '../platform/http/problem.filter.js';
import { jsonRpcError, RPC_CODES } from '../platform/http/json-rpc.js';
import { ToolPaused } from '../tools/tool.js';

/** A JSON-RPC error. Both SDKs send `code`, `message` and `data` of whatever a handler throws, so it needs neither. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
    this.name = 'RpcError';
  }

  static invalidParams(message: string, data?: unknown): RpcError {
    return new RpcError(RPC_CODES.invalidParams, message, data);
  }
}

const log = new Logger('Mcp');

/** Runs one request: whatever it throws leaves as an RpcError with a safe text. What really happened is logged. */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof RpcError || thrown instanceof ToolPaused) throw thrown;
    const error = toAppError(thrown);
    if (!(thrown instanceof AppError) || error.kind === 'internal') log.error({ err: error.cause ?? thrown });
    const { code, message, data } = jsonRpcError(error);
    throw new RpcError(code, message, data);
  }
}
