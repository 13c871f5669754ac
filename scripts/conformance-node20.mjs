// The conformance suite imports `globSync` of node:fs, which Node 20 lacks, for a report that we do not ask for.
// `node --import ./scripts/conformance-node20.mjs` gives it an empty one; newer Nodes are left alone.
import { register } from 'node:module';

if (Number(process.versions.node.split('.')[0]) < 22) {
  const hook = `export function resolve(specifier, context, next) {
    if (specifier === 'fs' && context.parentURL?.includes('/conformance/dist/'))
      return {
        url: 'data:text/javascript,' + encodeURIComponent("export * from 'node:fs'; export const globSync = () => [];"),
        shortCircuit: true,
      };
    return next(specifier, context);
  }`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
