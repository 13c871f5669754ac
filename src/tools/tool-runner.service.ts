import { Injectable, Logger } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { AppError } from '../common/app-error.js';
import { knownSecrets } from '../platform/telemetry/secret-mask.js';
import { Ended } from './deadline.js';
import { SchemaValidator } from './schema/validator.js';
import { ToolCache } from './tool-cache.service.js';
import { ToolContexts } from './tool-contexts.service.js';
import { ToolGovernor } from './tool-governor.service.js';
import { type RegisteredTool } from './tool-registry.service.js';
import { ToolResilience } from './tool-resilience.service.js';
import { outputError, toResult } from './tool-result.js';
import { ToolErrors } from './tools.errors.js';
import {
  type ToolCall,
  type ToolClient,
  type ToolDefinition,
  type ToolOutcome,
  ToolPaused,
  type ToolResult,
} from './tool.js';

/** How a call ended, whichever way. */
export type Ending = Omit<ToolOutcome, 'callId' | 'durationMs'>;

/** Thrown from inside a run, these still mean that the tool did not run. */
const NOT_RUN = new Set(['invalid_tool_arguments', 'tool_busy', 'tool_unavailable', 'tool_circuit_open']);

/** Runs a tool with validated arguments under its policy, and turns every way in which it can end into a result. */
@Injectable()
export class ToolRunner {
  private readonly log = new Logger('Tools');
  private readonly outputs = new SchemaValidator({ useDefaults: false });

  constructor(
    private readonly contexts: ToolContexts,
    private readonly resilience: ToolResilience,
    private readonly cache: ToolCache,
    private readonly governor: ToolGovernor,
  ) {}

  /** Rejects with ToolPaused, and with an AppError when the tool was not run. */
  async run(
    actor: Actor,
    call: ToolCall,
    tool: RegisteredTool,
    callId: string,
    args: unknown,
  ): Promise<Ending> {
    const { definition } = tool;
    const key = this.cache.keyOf(actor, call, definition, args);
    const known = key === undefined ? undefined : await this.cache.read(key);
    if (known !== undefined) return { ...known, cached: true };
    let asked = false;
    const client = call.client && watched(call.client, () => (asked = true));
    try {
      const whole = await this.call(actor, { ...call, ...(client && { client }) }, tool, callId, args);
      this.checkOutput(definition, whole);
      const { result, cut } = await this.governor.govern(actor, definition, whole);
      // What a client was asked for belongs to this call; what was cut names a resource of this caller.
      if (key !== undefined && !asked && !cut) await this.cache.write(key, definition, result);
      return result.isError ? { errorCode: 'tool_failed', ...result } : result;
    } catch (error) {
      return this.failure(error, definition, callId);
    }
  }

  private async call(
    actor: Actor,
    call: ToolCall,
    { definition, source }: RegisteredTool,
    callId: string,
    args: unknown,
  ): Promise<ToolResult> {
    if (source === undefined) throw ToolErrors.tool_unavailable();
    const value = await this.resilience.run(definition, call.signal, (signal, deadline) =>
      source.run(
        definition,
        structuredClone(args),
        this.contexts.make(actor, call, { callId, deadline, signal }),
      ),
    );
    return knownSecrets.maskJson(toResult(value, definition.outputSchema !== undefined));
  }

  private checkOutput(tool: ToolDefinition, result: ToolResult): void {
    if (tool.outputSchema === undefined || result.isError) return;
    const problems = this.outputs.check(
      tool.definitionHash,
      tool.outputSchema,
      result.structuredContent ?? null,
    );
    if (problems !== undefined) throw outputError(problems);
  }

  /** Only texts that were written to be shown are shown; anything else is a reference to the log. */
  private failure(thrown: unknown, tool: ToolDefinition, callId: string): Ending {
    if (thrown instanceof ToolPaused) throw thrown;
    if (thrown instanceof AppError && NOT_RUN.has(thrown.code)) throw thrown;
    const error = toAppError(thrown, tool);
    if (!(thrown instanceof Ended))
      this.log.warn(
        { err: error.cause ?? thrown, tool: tool.name, callId, code: error.code },
        'A tool failed',
      );
    const fields = error.errors?.map(({ field, message }) => `${field} ${message}`).join('; ');
    const text = knownSecrets.mask(`${error.message}${fields ? ` ${fields}` : ''} (ref ${callId})`);
    return { content: [{ type: 'text', text }], isError: true, errorCode: error.code };
  }
}

function toAppError(thrown: unknown, tool: ToolDefinition): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Ended && thrown.why === 'cancelled') return ToolErrors.tool_cancelled();
  if (thrown instanceof Ended)
    return ToolErrors.tool_timeout(`The tool did not finish within ${tool.policy.timeoutMs} ms.`);
  return ToolErrors.tool_failed('The tool failed', { cause: thrown });
}

/** The same client; says when it is asked something. */
function watched(client: ToolClient, onAsk: () => void): ToolClient {
  return {
    capabilities: client.capabilities,
    ask: (questions) => {
      onAsk();
      return client.ask(questions);
    },
    log: (level, data) => client.log(level, data),
    listChanged: (kind) => client.listChanged(kind),
  };
}
