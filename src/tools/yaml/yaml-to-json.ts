import { Worker } from 'node:worker_threads';

const MEMORY = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** Why a text is not read; the message is for the person who gave it. */
export class UnreadableYaml extends Error {}

export interface YamlLimits {
  /** A few lines of aliases can stand for gigabytes. [S53] */
  readonly maxAliases: number;
  /** Of the JSON. */
  readonly maxLength: number;
  readonly timeoutMs: number;
}

/** YAML 1.2 (core schema) as JSON text, read off the event loop and within limits. Throws UnreadableYaml. */
export function yamlToJson(text: string, { timeoutMs, ...limits }: YamlLimits): Promise<string> {
  const worker = new Worker(new URL('./yaml.worker.js', import.meta.url), {
    workerData: { text, ...limits },
    resourceLimits: MEMORY,
    execArgv: [],
    env: {},
  });
  return new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new UnreadableYaml('it takes too long to read')), timeoutMs);
    worker.once('message', ({ json, problem }: { json?: string; problem?: string }) => {
      clearTimeout(timer);
      if (json === undefined) reject(new UnreadableYaml(problem ?? 'it cannot be read'));
      else resolve(json);
    });
    worker.once('error', () => reject(new UnreadableYaml('it takes too much memory to read')));
  }).finally(() => {
    worker.removeAllListeners('message');
    return worker.terminate();
  });
}
