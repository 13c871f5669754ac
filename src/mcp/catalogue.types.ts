import { type Actor } from '../common/actor.js';
import {
  type ClientQuestion,
  type ContentBlock,
  type JsonSchema,
  type ToolAnnotations,
  type ToolClient,
  type ToolProgress,
} from '../tools/tool.js';

/** What an adapter offers while one request is served. Nothing in it belongs to an SDK. */
export interface Exchange {
  readonly actor: Actor;
  /** Aborts when the client cancels or is gone. */
  readonly signal: AbortSignal;
  readonly client: ToolClient;
  /** Present when the client asked for progress. */
  readonly onProgress?: (update: ToolProgress) => void;
}

/** A tool as MCP lists it (specification 2026-07-28, server/tools). */
export interface ToolListing {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations: ToolAnnotations & { readonly title: string };
}

export interface CallResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: unknown;
  readonly isError: boolean;
}

export interface Listing {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
}

export interface ResourceListing extends Listing {
  readonly uri: string;
  readonly mimeType?: string;
}

export interface ResourceTemplate extends Listing {
  /** RFC 6570 level 1, e.g. `conversation://{id}`. */
  readonly uriTemplate: string;
  readonly mimeType?: string;
}

export interface ResourceContents {
  readonly uri: string;
  readonly mimeType?: string;
  readonly text?: string;
  readonly blob?: string;
}

export interface PromptListing extends Listing {
  readonly arguments?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly required?: boolean;
  }[];
}

export interface PromptResult {
  readonly description?: string;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: ContentBlock }[];
}

/** What a completion is asked for: an argument of a prompt, or a variable of a resource template. */
export type CompletionTarget = { readonly prompt: string } | { readonly template: string };

/** Where resources come from. Every method answers for its actor only: a foreign one does not exist. */
export interface ResourceSource {
  templates(): readonly ResourceTemplate[];
  /** Bounded, in a stable order. */
  list(actor: Actor): Promise<readonly ResourceListing[]>;
  /** Undefined when the URI is not one of this source's, or not the actor's. */
  read(actor: Actor, uri: string): Promise<readonly ResourceContents[] | undefined>;
  complete?(actor: Actor, template: string, variable: string, value: string): Promise<readonly string[]>;
}

/** Where prompts come from. */
export interface PromptSource {
  list(actor: Actor): Promise<readonly PromptListing[]>;
  /** Undefined when there is no such prompt for the actor. */
  get(
    name: string,
    args: Readonly<Record<string, string>>,
    exchange: Exchange,
  ): Promise<PromptResult | undefined>;
  complete?(actor: Actor, name: string, argument: string, value: string): Promise<readonly string[]>;
}

/** The client feature that a question needs. */
export const QUESTION_CAPABILITY: Readonly<Record<ClientQuestion['method'], string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};
