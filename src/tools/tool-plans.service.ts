import { Injectable } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { SchemaValidator } from './schema/validator.js';
import { sampleOf } from './simulate/sample.js';
import { ToolCache } from './tool-cache.service.js';
import { needsApproval } from './tool-defaults.js';
import { retriesOf, ToolResilience } from './tool-resilience.service.js';
import { type Ending } from './tool-runner.service.js';
import { ToolErrors } from './tools.errors.js';
import { type ToolCall, type ToolDefinition } from './tool.js';

/** Answers calls without running the tool: what would happen, or what an answer may look like. */
@Injectable()
export class ToolPlans {
  private readonly outputs = new SchemaValidator({ useDefaults: false });

  constructor(
    private readonly cache: ToolCache,
    private readonly resilience: ToolResilience,
  ) {}

  /** What a call with these (validated) arguments would do. */
  async plan(actor: Actor, call: ToolCall, tool: ToolDefinition, args: unknown): Promise<Ending> {
    const { name, version, definitionHash, policy } = tool;
    const key = this.cache.keyOf(actor, call, tool, args);
    const plan = {
      version,
      definitionHash,
      arguments: args,
      policy,
      approvalNeeded: needsApproval(tool),
      cached: key !== undefined && (await this.cache.read(key)) !== undefined,
      retries: retriesOf(tool),
      circuit: this.resilience.circuit(tool),
    };
    const text = `${name} was not run. It would get ${JSON.stringify(args)} and end after ${policy.timeoutMs} ms at the latest.`;
    return { content: [{ type: 'text', text }], isError: false, plan };
  }

  /**
   * An answer made from the output schema: the same for the same definition and arguments. Throws
   * `tool_not_simulated` when no value could be made that fits the schema.
   */
  simulate(tool: ToolDefinition, args: unknown): Ending {
    const { name, outputSchema, definitionHash } = tool;
    if (outputSchema === undefined) {
      const text = `[simulated] ${name} was called with ${JSON.stringify(args)}.`;
      return { content: [{ type: 'text', text }], isError: false, simulated: true };
    }
    const value = sampleOf(outputSchema, args);
    const problems = this.outputs.check(definitionHash, outputSchema, value);
    if (problems !== undefined) throw ToolErrors.tool_not_simulated(undefined, { errors: problems });
    return {
      content: [{ type: 'text', text: JSON.stringify(value) }],
      structuredContent: value,
      isError: false,
      simulated: true,
    };
  }
}
