import { Injectable, Logger } from '@nestjs/common';
import { type Actor } from '../common/actor.js';
import { knownSecrets } from '../platform/telemetry/secret-mask.js';
import { CallEgress } from './secrets/call-egress.js';
import { type ToolCall, type ToolClient, type ToolContext } from './tool.js';

/** Makes what a running tool may use, for one call. What it says on the way is masked as its result is. [S61] */
@Injectable()
export class ToolContexts {
  private readonly log = new Logger('Tools');

  constructor(private readonly egress: CallEgress) {}

  make(
    actor: Actor,
    call: ToolCall,
    { callId, deadline, signal }: Pick<ToolContext, 'callId' | 'deadline' | 'signal'>,
  ): ToolContext {
    const { fetch, secret } = this.egress.open();
    return {
      fetch,
      secret,
      actor,
      signal,
      deadline,
      callId,
      log: (message, fields) => this.log.log({ ...fields, tool: call.name, callId }, message),
      progress: (update) => {
        if (!signal.aborted) call.onProgress?.(knownSecrets.maskJson(update));
      },
      ...(call.agent !== undefined && { agent: call.agent, agentTools: call.agentTools }),
      ...(call.runId !== undefined && { runId: call.runId, step: call.step }),
      ...(call.client && { client: masked(call.client) }),
    };
  }
}

function masked(client: ToolClient): ToolClient {
  return {
    capabilities: client.capabilities,
    ask: (questions) => client.ask(knownSecrets.maskJson(questions)),
    log: (level, data) => client.log(level, knownSecrets.maskJson(data)),
    listChanged: (kind) => client.listChanged(kind),
  };
}
