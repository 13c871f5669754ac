import { setTimeout as pause } from 'node:timers/promises';
import { type CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models';
import { type AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { type ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import { type AppError } from '../../common/app-error.js';
import { CallWatch, chunkOf, endOf, isWorth, told } from './answer-chunks.js';
import { type Candidate, type Variant } from './candidate.js';
import { explained } from './explain-failure.js';
import { type Attempt, CallLog, outcomeOf } from './call-log.js';
import { type Admission, type ModelBreakers } from './model-breakers.js';
import { modelError } from './model-error.js';
import { ModelErrors } from './models.errors.js';
import { asReadBy } from './own-words.js';

interface Call {
  readonly messages: BaseMessage[];
  readonly options: ResilientModel['ParsedCallOptions'];
  readonly run?: CallbackManagerForLLMRun;
}

/** Bounds of one model call. */
interface Patience {
  readonly tries: number;
  /** The longest Retry-After that is waited for. */
  readonly maxWaitMs: number;
  readonly firstTokenMs: number;
  /** Between two chunks. */
  readonly idleMs: number;
  readonly backoffMs: number;
}

export const PATIENCE: Patience = {
  tries: 3,
  maxWaitMs: 60_000,
  firstTokenMs: 60_000,
  idleMs: 30_000,
  backoffMs: 500,
};

const RETRYABLE = new Set(['model_rate_limited', 'model_unavailable', 'model_timeout']);
/** What the breaker counts as a failure of the model; a limit of the rate is none. */
const BROKEN = new Set(['model_unavailable', 'model_timeout']);
/** What may be asked for in another way. */
const REFUSALS = new Set(['model_request_rejected', 'model_not_found']);
/** What another model may do better. */
const ELSEWHERE = new Set([...RETRYABLE, 'model_unauthorized', 'model_not_found']);

interface ToolOptions extends BaseChatModelCallOptions {
  readonly tools?: readonly unknown[];
}

/**
 * A provider's model with time limits, retries that can be aborted, and fallbacks. Once anything was given out there
 * is no second try: half an answer must not be followed by another one. Throws only AppErrors of `modelError`, or the
 * reason of the caller's own abort. [R14] [R15] [R16] [R17] [R36]
 */
export class ResilientModel extends BaseChatModel<ToolOptions> {
  constructor(
    private readonly candidates: readonly Candidate[],
    private readonly breakers: ModelBreakers,
    private readonly patience: Patience = PATIENCE,
    /** Is told of every request. */
    private readonly log = new CallLog(),
  ) {
    super({});
  }

  override _llmType(): string {
    return 'resilient';
  }

  override bindTools(tools: BindToolsInput[], options?: Partial<ToolOptions>) {
    return this.withConfig({ ...options, tools: tools.map((tool) => convertToOpenAITool(tool)) });
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this._streamResponseChunks(messages, options)) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
    }
    if (whole === undefined) throw ModelErrors.model_unavailable();
    return { generations: [whole] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    let failure: AppError | undefined;
    for (const candidate of this.candidates) {
      failure = yield* this.ask(candidate, { messages, options, run });
      if (failure === undefined) return;
      if (!ELSEWHERE.has(failure.code)) break;
    }
    throw failure ?? ModelErrors.model_unavailable();
  }

  /** One model, as often as it makes sense. Gives its failure when nothing was given out, else throws it. */
  private async *ask(
    { id, setUp, ...first }: Candidate,
    { messages: said, options, run }: Call,
  ): AsyncGenerator<ChatGenerationChunk, AppError | undefined> {
    const messages = asReadBy(id, said);
    let variant: Variant = first;
    for (let attempt = 1; ; attempt += 1) {
      let begun = false;
      let admission: Admission | undefined;
      let request: Attempt | undefined;
      try {
        admission = await this.breakers.admit(id);
        request = this.log.begin(id, messages, options.tools);
        // What says nothing yet waits: a try that fails must leave nothing in the answer of the next one.
        const held: ChatGenerationChunk[] = [];
        for await (const chunk of this.attempt(variant.model, request, messages, options)) {
          begun ||= isWorth(chunk);
          held.push(chunk);
          if (!begun) continue;
          admission.succeed();
          yield* told(held.splice(0), run);
        }
        request.state = 'answered';
        this.breakers.problem(id);
        variant.answered?.();
        yield* told([...held, chunkOf({ response_metadata: { model_id: id } })], run);
        return undefined;
      } catch (error) {
        const failure = explained(modelError(error), id, setUp);
        if (request !== undefined) request.state = outcomeOf(request, failure, options.signal);
        if (BROKEN.has(failure.code) && options.signal?.aborted !== true) admission?.fail();
        options.signal?.throwIfAborted();
        this.breakers.problem(id, failure);
        if (begun) throw failure;
        const next = REFUSALS.has(failure.code) ? await variant.instead?.(failure) : undefined;
        if (next !== undefined) variant = next;
        // A model that is left alone is not waited for.
        else if (admission === undefined || !(await this.mayRetry(failure, attempt, options.signal)))
          return failure;
      } finally {
        // Also when nobody reads on: what is not told as a failure is none.
        admission?.succeed();
      }
    }
  }

  /** One call, each wait bounded; leaving it for any reason closes the socket. */
  private async *attempt(
    model: BaseChatModel,
    request: Attempt,
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
  ): AsyncGenerator<ChatGenerationChunk> {
    const limit = new AbortController();
    const signal = AbortSignal.any([limit.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    const late = () => limit.abort(ModelErrors.model_timeout());
    const calls = new CallWatch();
    let timer = setTimeout(late, this.patience.firstTokenMs);
    try {
      for await (const chunk of model._streamResponseChunks(messages, { ...options, signal })) {
        clearTimeout(timer);
        request.count.add(chunk.message as AIMessageChunk);
        calls.add(chunk.message as AIMessageChunk);
        request.ending = endOf(chunk) ?? request.ending;
        yield chunk;
        timer = setTimeout(late, this.patience.idleMs);
      }
      // Some adapters end quietly when they are aborted, and when the line breaks.
      signal.throwIfAborted();
      if (request.ending === undefined)
        throw ModelErrors.model_unavailable('The model provider broke off its answer.');
      yield* calls.rest(request.ending);
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error;
    } finally {
      clearTimeout(timer);
      limit.abort();
    }
  }

  private async mayRetry(failure: AppError, attempt: number, signal?: AbortSignal): Promise<boolean> {
    if (!RETRYABLE.has(failure.code) || attempt >= this.patience.tries) return false;
    const backoff = this.patience.backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random());
    const wait = failure.retryAfter === undefined ? backoff : failure.retryAfter * 1000 + Math.random() * 250;
    if (wait > this.patience.maxWaitMs + 250) return false;
    await pause(wait, undefined, { signal });
    return true;
  }
}
