import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { ToolResults } from '../../tools/tool-results/tool-results.service.js';
import {
  type ResourceContents,
  type ResourceListing,
  type ResourceSource,
  type ResourceTemplate,
} from '../catalogue.types.js';
import { matchTemplate } from './uri-template.js';

const TEMPLATE = 'tool-result://{id}';
/** Kept results are at most 8 MiB. */
const ALL = 8 << 20;

/** `tool-result://<id>`: the whole of a result that was cut, for who made the call. Needs the scope `tools:call`. */
@Injectable()
export class ToolResultResources implements ResourceSource {
  constructor(private readonly results: ToolResults) {}

  templates(): readonly ResourceTemplate[] {
    return [
      {
        uriTemplate: TEMPLATE,
        name: 'tool-result',
        title: 'Result of a tool',
        description: 'The whole result of one of your tool calls whose answer was cut. Kept for an hour.',
      },
    ];
  }

  /** None: the answer of the call holds the link. */
  async list(): Promise<readonly ResourceListing[]> {
    return [];
  }

  async read(actor: Actor, uri: string): Promise<readonly ResourceContents[] | undefined> {
    const id = z.uuid().safeParse(matchTemplate(TEMPLATE, uri)?.id).data;
    if (id === undefined || !actor.scopes.has('tools:call')) return undefined;
    try {
      const { text, mimeType } = await this.results.read(actor, id, { offset: 0, limit: ALL });
      return [{ uri, mimeType, text }];
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }
}
