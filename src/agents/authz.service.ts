import { Injectable } from '@nestjs/common';
import { requireScopes } from '../common/access.js';
import { type Actor, scopesOf } from '../common/actor.js';
import { decide, explain } from '../tools/tool-access.js';
import { ToolRegistry } from '../tools/tool-registry.service.js';
import { ToolErrors } from '../tools/tools.errors.js';
import { UserErrors } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { AgentsService } from './agents.service.js';
import { type ExplainQuery, type Explanation } from './authz.dto.js';

/** Says why a caller may use a tool, or not. It lives above `tools/` because an agent's allow list is part of it. */
@Injectable()
export class AuthzService {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly agents: AgentsService,
    private readonly users: UsersService,
  ) {}

  /**
   * The decision for the caller, or for another user (admins; his scopes are those of his role). Throws
   * `tool_not_found` for a tool that the caller may not know of, `agent_not_found`, `user_not_found`.
   */
  async explain(actor: Actor, { tool: name, agent, userId }: ExplainQuery): Promise<Explanation> {
    requireScopes(actor, 'tools:read');
    const isOther = userId !== undefined && userId !== actor.userId;
    const subject = isOther ? await this.subject(actor, userId) : actor;
    const tool = (await this.registry.find(name))?.definition;
    if (tool === undefined || (!isOther && !decide(tool, actor).visible)) throw ToolErrors.tool_not_found();
    const agentTools = agent === undefined ? undefined : (await this.agents.get(subject, agent)).tools;
    const { visible, refusal } = decide(tool, subject, agent, agentTools);
    return {
      tool: name,
      userId: subject.userId,
      agent: agent ?? null,
      allowed: refusal === undefined,
      visible,
      decision: refusal?.().code ?? 'allow',
      steps: [...explain(tool, { actor: subject, agent, agentTools })],
    };
  }

  private async subject(actor: Actor, userId: string): Promise<Actor> {
    requireScopes(actor, 'admin');
    const user = await this.users.findById(userId);
    if (user === null) throw UserErrors.user_not_found();
    return { userId, role: user.role, scopes: user.disabledAt === null ? scopesOf(user.role) : new Set() };
  }
}
