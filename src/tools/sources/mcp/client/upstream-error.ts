import {
  OAuthClientFlowError,
  OAuthError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { AppError } from '../../../../common/app-error.js';
import { statusLine } from '../../../../platform/egress/reason-phrase.js';
import { McpServerErrors } from '../mcp-servers.errors.js';
import { CONNECTION_CLOSED } from './http-transport.js';

/**
 * What went wrong with an upstream.
 * `lost_session`: it forgot our session and did nothing. `transport`: it could not be reached or broke off, the one kind
 * that a breaker counts. `refused`: it answered with a JSON-RPC error. `auth`: it wants another credential.
 */
export type FailureKind = 'lost_session' | 'transport' | 'refused' | 'auth' | 'needs_client' | 'other';

const JSON_RPC_SESSION_NOT_FOUND = -32_001;

export function kindOf(error: unknown): FailureKind {
  if (error instanceof AppError)
    return error.kind === 'timeout' || isEgressFailure(error) ? 'transport' : 'other';
  if (
    error instanceof UnauthorizedError ||
    error instanceof OAuthError ||
    error instanceof OAuthClientFlowError
  )
    return 'auth';
  if (error instanceof SdkHttpError) return kindOfStatus(error);
  if (error instanceof ProtocolError) {
    if (error.code === CONNECTION_CLOSED) return 'transport';
    return error.code === JSON_RPC_SESSION_NOT_FOUND && /session/i.test(error.message)
      ? 'lost_session'
      : 'refused';
  }
  if (error instanceof SdkError) {
    if (error.code === SdkErrorCode.UnsupportedResultType) return 'needs_client';
    return error.code === SdkErrorCode.InvalidResult || isForeign(error) ? 'other' : nested(error);
  }
  return 'transport';
}

/** The error for whoever called, with the truth in its cause. `name` is the server's. */
export function toUpstreamError(error: unknown, name: string): AppError {
  if (error instanceof AppError && !isEgressFailure(error)) return error;
  switch (kindOf(error)) {
    case 'auth':
      return McpServerErrors.upstream_unauthorised(undefined, { cause: error });
    case 'needs_client':
      return McpServerErrors.upstream_needs_client(undefined, { cause: error });
    case 'refused':
      return McpServerErrors.upstream_list_refused(`The MCP server ${name} refused the request.`, {
        cause: error,
      });
    case 'other':
      return McpServerErrors.upstream_list_refused(
        `The MCP server ${name} answered with something that is not the Model Context Protocol. Its url must be that of its Streamable HTTP endpoint, often https://…/mcp.`,
        { cause: error },
      );
    default:
      return McpServerErrors.upstream_unreachable(
        `The MCP server ${name} cannot be reached at the moment${reasonOf(error)}.`,
        { cause: error, retryAfter: 5 },
      );
  }
}

/** A web page, or JSON that is no JSON-RPC: the url leads somewhere else. */
function isForeign(error: SdkError): boolean {
  for (let cause: unknown = error; typeof cause === 'object' && cause !== null;) {
    const { name, code, data } = cause as { name?: unknown; code?: unknown; data?: { cause?: unknown } };
    if (name === 'ZodError' || name === 'SyntaxError') return true;
    if (code === SdkErrorCode.ClientHttpUnexpectedContent) return true;
    cause = (cause as Error).cause ?? data?.cause;
  }
  return false;
}

/** What may be told of it: a status, or that it redirects. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AppError && cause.message.includes('redirects'))
      return ': it redirects, which is not followed; give the address that it leads to';
    const { status } = (cause instanceof SdkHttpError ? cause.data : {}) as { status?: number };
    if (status !== undefined)
      return `: it answered ${statusLine(status)}${status === 404 ? ', so its url may be wrong' : ''}`;
  }
  return '';
}

/** 404 is the specification's word for a forgotten session; many servers say 400 and name it. */
function kindOfStatus(error: SdkHttpError): FailureKind {
  const { status, text } = error.data as { status?: number; text?: string | null };
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'lost_session';
  if (status === 400 && /session/i.test(text ?? '')) return 'lost_session';
  return status !== undefined && status >= 500 ? 'transport' : 'other';
}

/** The negotiation wraps what it met. */
function nested(error: SdkError): FailureKind {
  for (let cause = (error as Error).cause; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AppError) return kindOf(cause);
    if (cause instanceof SdkHttpError) return kindOfStatus(cause);
  }
  return 'transport';
}

function isEgressFailure(error: AppError): boolean {
  return error.code === 'egress_failed' || error.code === 'egress_timeout';
}

/** The AppError of our own guard inside what the SDK threw: `egress_denied` must reach whoever asked. */
export function ownErrorIn(error: unknown): AppError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof AppError) return cause;
  return undefined;
}
