import { type CompletionTarget } from './catalogue.types.js';

type CompletionReference =
  | { readonly type: 'ref/prompt'; readonly name: string }
  | { readonly type: 'ref/resource'; readonly uri: string };

/** The `ref` of completion/complete, the same in both eras. */
export function completionTarget(ref: CompletionReference): CompletionTarget {
  return ref.type === 'ref/prompt' ? { prompt: ref.name } : { template: ref.uri };
}
