import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { ApprovalsService } from '../../runs/approvals/approvals.service.js';
import {
  type ResourceContents,
  type ResourceListing,
  type ResourceSource,
  type ResourceTemplate,
} from '../catalogue.types.js';
import { matchTemplate } from './uri-template.js';

const TEMPLATE = 'approval://{id}';
const LISTED = 100;

/**
 * `approval://<id>`: what runs and calls of the caller ask him. The open ones are listed. Needs the scope `runs`. They are
 * read here and never decided: a model reads resources, and its own calls are what is asked about. [S67]
 */
@Injectable()
export class ApprovalResources implements ResourceSource {
  constructor(private readonly approvals: ApprovalsService) {}

  templates(): readonly ResourceTemplate[] {
    return [
      {
        uriTemplate: TEMPLATE,
        name: 'approval',
        title: 'Approval',
        description: 'A tool call that waits for your word: the tool, its arguments and why you are asked.',
        mimeType: 'application/json',
      },
    ];
  }

  async list(actor: Actor): Promise<readonly ResourceListing[]> {
    if (!actor.scopes.has('runs')) return [];
    const { items } = await this.approvals.list(actor, { status: 'pending', limit: LISTED });
    return items.map(({ id, tool, agent, expiresAt }) => ({
      uri: `approval://${id}`,
      name: `approval ${id}`,
      title: `${agent ?? 'A call of yours'}: ${tool}`,
      description: `Waits for your word until ${expiresAt}.`,
      mimeType: 'application/json',
    }));
  }

  async read(actor: Actor, uri: string): Promise<readonly ResourceContents[] | undefined> {
    const id = z.uuid().safeParse(matchTemplate(TEMPLATE, uri)?.id).data;
    if (id === undefined || !actor.scopes.has('runs')) return undefined;
    try {
      const approval = await this.approvals.get(actor, id);
      return [{ uri, mimeType: 'application/json', text: JSON.stringify(approval, undefined, 2) }];
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }
}
