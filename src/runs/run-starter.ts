import { applyDecorators, Injectable } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Actor } from '../common/actor.js';
import { traceparentOfRequest } from '../platform/http/request-trace.js';
import { RunIntake } from './run-intake.service.js';
import { RunStreams } from './run-streams.service.js';
import { type RunRequest } from './run-creation.service.js';
import { type NewLoneRun, type NewRun, type Regeneration, Run } from './runs.dto.js';
import { RunsService } from './runs.service.js';

interface StartRequest {
  readonly key: string | undefined;
  readonly body: NewRun | NewLoneRun | Regeneration;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly conversationId?: string;
  /** What the run is for, when the body does not say it. */
  readonly wanted?: RunRequest;
}

/** What both routes that start a run have in common: 202 with the run and its Location, or at once its events. */
@Injectable()
export class RunStarter {
  constructor(
    private readonly intake: RunIntake,
    private readonly streams: RunStreams,
    private readonly runs: RunsService,
  ) {}

  async start(actor: Actor, asked: StartRequest): Promise<void> {
    const { key, body, request, reply, conversationId = asked.wanted?.conversationId } = asked;
    const { stream, onDisconnect, ...rest } = body;
    const { delaySeconds, startAt, ...wanted } = rest as Omit<NewLoneRun, 'stream' | 'onDisconnect'>;
    const start = startOf(delaySeconds, startAt);
    const route = `POST ${request.url.split('?')[0]}`;
    const answer = await this.intake.start(
      actor,
      {
        ...asked.wanted,
        ...wanted,
        conversationId,
        ...(start !== undefined && { startAt: start }),
        traceparent: traceparentOfRequest(request),
      },
      { key, route, body },
    );
    const { id } = answer.body;
    reply.header('location', `/api/v1/runs/${id}`);
    if (answer.replayed) reply.header('idempotency-replayed', 'true');
    if (stream !== true && !/\btext\/event-stream\b/.test(request.headers.accept ?? '')) {
      await reply.status(202).send(Run.parse(answer.body));
      return;
    }
    const { left } = await this.streams.stream(actor, id, 0, reply);
    if (left && onDisconnect === 'cancel') await this.runs.cancel(actor, id).catch(() => undefined);
  }
}

function startOf(delaySeconds: number | undefined, startAt: string | undefined): Date | undefined {
  if (delaySeconds !== undefined) return new Date(Date.now() + delaySeconds * 1000);
  return startAt === undefined ? undefined : new Date(startAt);
}

/** Documents a route of RunStarter. */
export function StartsRun(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Makes a retry safe for 24 hours: the same key and body get the same run.',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    }),
    ApiProduces('application/json', 'text/event-stream'),
    ApiResponse({
      status: 202,
      standardSchema: Run,
      description:
        'The run; Location names it. With `stream` or Accept: text/event-stream, 200 and its events.',
    }),
  );
}
