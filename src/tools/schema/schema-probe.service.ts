import { Worker } from 'node:worker_threads';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ToolErrors } from '../tools.errors.js';
import { type JsonSchema } from '../tool.js';
import { checkSchema } from './json-schema.js';

/** Processor time for one schema. A usual one takes 1 to 10 ms. */
const BUDGET_MS = 250;
/** On a machine so busy that the worker does not get its turn: how often it is given the time again. */
const MAX_BUDGETS = 4;
/** A worker that is not ready by then never will be. */
const START_MS = 15_000;
/** Schemas that wait for their turn; an import of 1,000 tools has 2,000. */
const MAX_WAITING = 5_000;
/** About 60 ms of compiling on one core, which is what the survivors cost this process later. */
const MAX_CODE_BYTES = 256 << 10;
/** Enough for any schema that is let through. */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };

interface Answer {
  readonly codeBytes?: number;
  readonly problem?: string;
}

/**
 * Compiles a schema that came from outside in a worker thread first, one at a time: what takes too long there is ended
 * with its thread, and never reaches this process. [S35]
 */
@Injectable()
export class SchemaProbe implements OnModuleDestroy {
  private worker?: Promise<Worker>;
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /**
   * Lets a schema through, or throws `invalid_tool_schema` that names `member` and what is wrong with it;
   * `schema_probe_busy` when too many others are waiting.
   */
  async check(schema: unknown, member: string): Promise<void> {
    checkSchema(schema, member);
    if (this.waiting >= MAX_WAITING) throw ToolErrors.schema_probe_busy();
    this.waiting += 1;
    const turn = this.turn.then(() => this.probe(schema)).finally(() => (this.waiting -= 1));
    this.turn = turn.catch(() => undefined);
    const { problem, codeBytes = 0 } = await turn;
    if (problem !== undefined) throw ToolErrors.invalid_tool_schema(`${member} cannot be used: ${problem}.`);
    if (codeBytes > MAX_CODE_BYTES)
      throw ToolErrors.invalid_tool_schema(
        `${member} cannot be used: it has too many parts; split the tool.`,
      );
  }

  async onModuleDestroy(): Promise<void> {
    const worker = await this.worker?.catch(() => undefined);
    await worker?.terminate();
  }

  private async probe(schema: JsonSchema): Promise<Answer> {
    this.worker ??= startWorker();
    let worker: Worker;
    try {
      worker = await this.worker;
    } catch (error) {
      this.worker = undefined;
      throw error;
    }
    const answer = await ask(worker, schema);
    if (answer === undefined) {
      this.worker = undefined;
      await worker.terminate();
      return { problem: `it takes longer than ${BUDGET_MS} ms to compile; make it simpler` };
    }
    return answer;
  }
}

/** Undefined when there was no answer in time, or the worker ran out of memory. */
function ask(worker: Worker, schema: JsonSchema): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    let budgets = 1;
    let used = process.cpuUsage();
    const end = (answer?: Answer) => {
      clearInterval(timer);
      worker.off('message', end).off('error', onEnd).off('exit', onEnd);
      resolve(answer);
    };
    const onEnd = () => end();
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(used);
      const starved = (user + system) / 1_000 < BUDGET_MS / 2;
      if (!starved || budgets >= MAX_BUDGETS) end();
      used = process.cpuUsage();
      budgets += 1;
    }, BUDGET_MS);
    worker.on('message', end).on('error', onEnd).on('exit', onEnd);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(schema);
  });
}

function startWorker(): Promise<Worker> {
  const worker = new Worker(new URL('./schema-probe.worker.js', import.meta.url), {
    resourceLimits: LIMITS,
    execArgv: [],
    env: {},
  });
  worker.unref();
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error instanceof Error ? error : new Error('the worker for schemas ended'));
      void worker.terminate();
    };
    const timer = setTimeout(() => fail(new Error('the worker for schemas did not start')), START_MS);
    worker.once('error', fail).once('exit', fail);
    worker.once('message', () => {
      clearTimeout(timer);
      worker.off('error', fail).off('exit', fail);
      // Without a listener an error of an idle worker would end the process.
      worker.on('error', () => undefined);
      resolve(worker);
    });
  });
}
