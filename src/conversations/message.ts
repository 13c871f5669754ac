/** A piece of a message; the shapes are those of MCP content blocks. People post text only. */
export type MessageContent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource_link';
      readonly uri: string;
      readonly name: string;
      readonly mimeType?: string;
    }
  | {
      readonly type: 'resource';
      readonly resource: {
        readonly uri: string;
        readonly mimeType?: string;
        readonly text?: string;
        readonly blob?: string;
      };
    };

export type MessageRole = 'user' | 'assistant' | 'tool' | 'system';
export type MessageStatus = 'complete' | 'incomplete';

/** A tool call that an assistant message asks for; its result is a `tool` message with the id as `toolCallId`. */
export interface MessageToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A message as it is appended. */
export interface NewMessage {
  /** Appending the same id again changes nothing and gives the stored message: a replay is safe. */
  readonly id?: string;
  readonly conversationId: string;
  /** The message that this one answers. Default: the active leaf; null starts a new root. */
  readonly parentId?: string | null;
  readonly role: MessageRole;
  readonly content: readonly MessageContent[];
  readonly agent?: string;
  readonly runId?: string;
  readonly toolCalls?: readonly MessageToolCall[];
  readonly toolCallId?: string;
  readonly status: MessageStatus;
  readonly model?: string;
  readonly generatedBy?: 'rules' | 'llm';
  /**
   * `internal` messages (talk between agents) are kept beside the branch: never the active leaf, never in the history,
   * lists or search. Default `user`.
   */
  readonly visibility?: 'user' | 'internal';
}
