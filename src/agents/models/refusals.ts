import { LRUCache } from 'lru-cache';
import { type AppError } from '../../common/app-error.js';
import { canonicalHash } from '../../tools/schema/canonical-json.js';
import { messageOf, wantsResponses } from './explain-failure.js';
import { type ModelUse } from './model-provider.js';

type Way = Pick<ModelUse, 'byResponses' | 'withoutReasoning'>;

const MAX_REFUSED = 1000;

/** What providers refused of models, so that it is not asked for again; each instance finds out by itself. */
export class Refusals {
  private readonly ways = new LRUCache<string, Way>({ max: MAX_REFUSED });
  private readonly schemas = new LRUCache<string, true>({ max: MAX_REFUSED });

  /** A use of a model without what was refused before. */
  without(id: string, use: ModelUse): ModelUse {
    const isRefused = use.output !== undefined && this.schemas.has(schemaKey(id, use));
    return { ...use, ...this.ways.get(wayKey(id, use)), ...(isRefused && { output: undefined }) };
  }

  /** The model answered `answered` in the place of `asked`. */
  learn(id: string, asked: ModelUse, { byResponses, withoutReasoning, output }: ModelUse): void {
    if (byResponses !== asked.byResponses || withoutReasoning !== asked.withoutReasoning)
      this.ways.set(wayKey(id, asked), { byResponses, withoutReasoning });
    if (output !== asked.output) this.schemas.set(schemaKey(id, asked), true);
  }
}

/**
 * The use to try after a refusal; undefined when nothing can be left out. Tools beside reasoning go by the Responses
 * API where the server names it, and without reasoning where there is no such API.
 */
export function afterRefusal(use: ModelUse, refusal: AppError, hasResponses = false): ModelUse | undefined {
  const { byResponses = false, withTools = false, withoutReasoning = false, output } = use;
  const text = messageOf(refusal.cause);
  if (hasResponses && !byResponses && !withoutReasoning && wantsResponses(text))
    return { ...use, byResponses: true };
  if (withTools && !withoutReasoning && refusal.code === 'model_not_found' && byResponses)
    return { ...use, byResponses: false, withoutReasoning: true };
  if (withTools && !withoutReasoning && /reasoning_effort|encrypted content/i.test(text))
    return { ...use, withoutReasoning: true };
  const isRejected = refusal.code === 'model_request_rejected';
  return isRejected && output !== undefined ? { ...use, output: undefined } : undefined;
}

const wayKey = (id: string, { withTools = false }: ModelUse) => `${id} ${withTools}`;
const schemaKey = (id: string, { output }: ModelUse) => `${id} ${canonicalHash(output ?? null)}`;
