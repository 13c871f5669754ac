import { type FactoryFunctionMap, type MathJsInstance } from 'mathjs';

export type Mathematics = MathJsInstance;

let loading: Promise<Mathematics> | undefined;

/** mathjs with decimals of 64 digits. Loaded at the first sum: it takes most of a second. */
export function mathematics(): Promise<Mathematics> {
  loading ??= import('mathjs').then(({ create, all }) =>
    create(all as FactoryFunctionMap, { number: 'BigNumber', precision: 64 }),
  );
  return loading;
}
