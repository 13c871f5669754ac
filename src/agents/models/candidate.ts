import { type BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type AppError } from '../../common/app-error.js';
import { type SetUp } from './explain-failure.js';

/** One way to ask a model. */
export interface Variant {
  readonly model: BaseChatModel;
  /** Is told that it answered. */
  readonly answered?: () => void;
  /** The next way, without what the provider refused; undefined when nothing can be left out. */
  readonly instead?: (refusal: AppError) => Promise<Variant | undefined>;
}

/** A model that a call may go to. */
export interface Candidate extends Variant {
  readonly id: string;
  /** What to check when it does not answer. */
  readonly setUp?: SetUp;
}
