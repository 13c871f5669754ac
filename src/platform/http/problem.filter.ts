import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, type ErrorKind } from '../../common/app-error.js';
import { CommonErrors } from '../../common/common.errors.js';
import { databaseError } from '../database/database-error.js';
import { knownSecrets } from '../telemetry/secret-mask.js';
import { jsonRpcErrorBody, jsonRpcRoute } from './json-rpc.js';
import { traceId } from './request-trace.js';

export const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  too_many: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
};

/** Turns whatever was thrown into one problem document (RFC 9457), or a JSON-RPC error. Only AppError texts are shown. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('Http');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toAppError(thrown);
    if (STATUS[error.kind] >= 500)
      this.log.error({ err: error.cause ?? thrown, code: error.code, requestId: request.id });
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    // RFC 9110 section 15.5.2; the guard has said more where it could.
    if (error.kind === 'unauthenticated' && !reply.hasHeader('www-authenticate'))
      reply.header('www-authenticate', 'Bearer');
    sendProblem(error, request, reply);
  }
}

/** Answers with the problem document of an error; also for what never reaches Nest, such as a malformed URL. */
export function sendProblem(error: AppError, request: FastifyRequest, reply: FastifyReply): void {
  const isRpc = jsonRpcRoute(request) !== undefined;
  void reply
    .status(STATUS[error.kind])
    .headers(problemHeaders(error))
    .type(isRpc ? 'application/json' : 'application/problem+json')
    .send(JSON.stringify(isRpc ? jsonRpcErrorBody(error) : problem(error, request)));
}

/** The problem document of an error. `type` is a URN: codes are documented in docs/errors.md. */
export function problem(error: AppError, request: FastifyRequest): Record<string, unknown> {
  return {
    type: `urn:mcp-server:error:${error.code}`,
    title: error.code.replaceAll('_', ' '),
    status: STATUS[error.kind],
    detail: knownSecrets.mask(error.message),
    instance: request.url.split('?')[0],
    code: error.code,
    traceId: traceId(request),
    ...(error.errors && { errors: knownSecrets.maskJson(error.errors) }),
  };
}

function problemHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (error.retryAfter !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfter)));
  return headers;
}

/** Maps what others throw (Nest, Fastify, the database driver) to our codes. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const fromDatabase = databaseError(thrown);
  if (fromDatabase !== undefined) return fromDatabase;
  const status =
    thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: unknown })?.statusCode;
  if (status === 404 || status === 405) return CommonErrors.route_not_found();
  if (status === 413) return CommonErrors.body_too_large();
  if (status === 415) return CommonErrors.unsupported_media_type();
  if (typeof status === 'number' && status >= 400 && status < 500)
    return CommonErrors.invalid_request('The request is malformed.');
  return CommonErrors.internal(undefined, { cause: thrown });
}
