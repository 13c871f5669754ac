import {
  applyDecorators,
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { type OnceAnswer } from './idempotency.js';
import { IdempotencyErrors } from './idempotency.errors.js';

/** The Idempotency-Key header of the request, checked: undefined, or 1 to 255 visible ASCII characters. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const key = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw IdempotencyErrors.invalid_idempotency_key();
  }
  return key;
});

/** Answers with the body of what `Idempotency.once` gave, and says so when it is an earlier answer. */
class AnswerInterceptor implements NestInterceptor<OnceAnswer<unknown>> {
  intercept(context: ExecutionContext, next: CallHandler<OnceAnswer<unknown>>): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer) => {
        if (answer.replayed) reply.header('idempotency-replayed', 'true');
        return answer.body;
      }),
    );
  }
}

/** A route whose handler returns what `Idempotency.once` returned. Documents the header; `@Returns` as everywhere. */
export function Idempotent(): MethodDecorator {
  return applyDecorators(
    UseInterceptors(AnswerInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Makes a retry safe for 24 hours: the same key and body get the first answer again, with Idempotency-Replayed: true.',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    }),
  );
}
