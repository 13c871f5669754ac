import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Actor } from '../../common/actor.js';
import { AppError } from '../../common/app-error.js';
import { type Conversation } from '../../conversations/conversation.entity.js';
import { ConversationsService } from '../../conversations/conversations.service.js';
import { type Message } from '../../conversations/message.entity.js';
import { MessagesService } from '../../conversations/messages.service.js';
import {
  type ResourceContents,
  type ResourceListing,
  type ResourceSource,
  type ResourceTemplate,
} from '../catalogue.types.js';
import { matchTemplate } from './uri-template.js';

const TEMPLATE = 'conversation://{id}';
/** Newest conversations that are listed; older ones are read by their id. */
const LISTED = 100;

/** `conversation://<id>`: the caller's conversations as text. Needs the scope `conversations`. */
@Injectable()
export class ConversationResources implements ResourceSource {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesService,
  ) {}

  templates(): readonly ResourceTemplate[] {
    return [
      {
        uriTemplate: TEMPLATE,
        name: 'conversation',
        title: 'Conversation',
        description: 'The messages of one of your conversations, oldest first.',
        mimeType: 'text/markdown',
      },
    ];
  }

  async list(actor: Actor): Promise<readonly ResourceListing[]> {
    const conversations = await this.newest(actor);
    return conversations.map(({ id, title, updatedAt }) => ({
      uri: `conversation://${id}`,
      name: `conversation-${id}`,
      title: title ?? 'Conversation',
      description: `Last changed ${updatedAt.toISOString()}`,
      mimeType: 'text/markdown',
    }));
  }

  async read(actor: Actor, uri: string): Promise<readonly ResourceContents[] | undefined> {
    const id = z.uuid().safeParse(matchTemplate(TEMPLATE, uri)?.id).data;
    if (id === undefined || !actor.scopes.has('conversations')) return undefined;
    try {
      const conversation = await this.conversations.get(actor, id);
      const text = markdown(conversation, await this.messages.history(actor, id));
      return [{ uri, mimeType: 'text/markdown', text }];
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }

  async complete(
    actor: Actor,
    template: string,
    variable: string,
    value: string,
  ): Promise<readonly string[]> {
    if (template !== TEMPLATE || variable !== 'id') return [];
    return (await this.newest(actor)).map(({ id }) => id).filter((id) => id.startsWith(value));
  }

  private async newest(actor: Actor): Promise<readonly Conversation[]> {
    if (!actor.scopes.has('conversations')) return [];
    const { items } = await this.conversations.list(actor, { limit: LISTED, archived: false });
    return items;
  }
}

function markdown(conversation: Conversation, messages: readonly Message[]): string {
  const parts = messages.map(({ role, agent, content }) => {
    const text = content.map((part) => (part.type === 'text' ? part.text : `[${part.type}]`)).join('\n');
    return `## ${agent === null ? role : `${role} (${agent})`}\n\n${text}`;
  });
  return [`# ${conversation.title ?? 'Conversation'}`, ...parts].join('\n\n');
}
