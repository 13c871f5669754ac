import { z } from 'zod';
import { pageOf, PageQuery } from '../common/page.js';
import { Timestamp } from '../common/timestamp.js';
import { named } from '../platform/http/openapi.js';

const MAX_POSTED_TEXT_BYTES = 64 << 10;

const Title = z.string().trim().min(1).max(200);
const AgentName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 _ -')
  .describe('Agent of runs that name none.');
/** The limits that users of the OpenAI API know. */
const Metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, 'must have at most 16 keys')
  .describe('Up to 16 keys of 64 characters with texts of 512, for the client’s own use.');

export const NewConversation = named(
  'NewConversation',
  z.strictObject({
    title: Title.optional().describe('Default: from the first message.'),
    agent: AgentName.optional(),
    metadata: Metadata.optional(),
  }),
);
export type NewConversation = z.infer<typeof NewConversation>;

export const ConversationChanges = named(
  'ConversationChanges',
  z.strictObject({
    title: Title.nullable().optional(),
    agent: AgentName.nullable().optional(),
    metadata: Metadata.optional().describe('Replaces all of it.'),
    archived: z.boolean().optional(),
  }),
);
export type ConversationChanges = z.infer<typeof ConversationChanges>;

export const Conversation = named(
  'Conversation',
  z.object({
    id: z.uuid(),
    title: z.string().nullable(),
    agent: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    activeLeafId: z.uuid().nullable().describe('Last message of the active branch.'),
    archivedAt: Timestamp.nullable(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  }),
);
export const ConversationPage = named('ConversationPage', pageOf(Conversation));

export const ConversationQuery = PageQuery.extend({
  q: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Words to find in titles and messages: a b, "a phrase", a or b, -not; the last may be a beginning.',
    ),
  agent: AgentName.optional(),
  archived: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('true: only archived ones.'),
});
export type ConversationQuery = z.infer<typeof ConversationQuery>;

const TextContent = z.object({ type: z.literal('text'), text: z.string() });
const Content = z.discriminatedUnion('type', [
  TextContent,
  z.object({ type: z.enum(['image', 'audio']), data: z.string(), mimeType: z.string() }),
  z.object({
    type: z.literal('resource_link'),
    uri: z.string(),
    name: z.string(),
    mimeType: z.string().optional(),
  }),
  z.object({
    type: z.literal('resource'),
    resource: z.object({
      uri: z.string(),
      mimeType: z.string().optional(),
      text: z.string().optional(),
      blob: z.string().optional(),
    }),
  }),
]);

/** A column that holds null is a property that is absent. */
const present = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => value ?? undefined, schema.optional());

export const Message = named(
  'Message',
  z.object({
    id: z.uuid(),
    conversationId: z.uuid(),
    parentId: z.uuid().nullable(),
    role: z.enum(['user', 'assistant', 'tool', 'system']),
    content: z.array(Content),
    agent: present(z.string()),
    runId: present(z.uuid()),
    toolCalls: present(
      z.array(z.object({ id: z.string(), name: z.string(), arguments: z.record(z.string(), z.unknown()) })),
    ),
    toolCallId: present(z.string()),
    status: z.enum(['complete', 'incomplete']),
    model: present(z.string()),
    generatedBy: present(z.enum(['rules', 'llm'])).describe('`rules`: not a language model.'),
    createdAt: Timestamp,
  }),
);
export const MessagePage = named('MessagePage', pageOf(Message));

export const MessageQuery = PageQuery.extend({
  branch: z.enum(['active', 'all']).default('active').describe('`all`: the whole tree, edits included.'),
  order: z.enum(['asc', 'desc']).default('asc').describe('Order of appending: oldest or newest first.'),
});
export type MessageQuery = z.infer<typeof MessageQuery>;

/** What people write: a text, or parts of one. 64 KiB of UTF-8 in all. The service gets parts. */
export const PostedContent = z
  .union([
    z
      .string()
      .min(1)
      .transform((text) => [{ type: 'text' as const, text }]),
    z
      .array(z.strictObject({ type: z.literal('text'), text: z.string().min(1) }))
      .min(1)
      .max(32),
  ])
  .refine(
    (parts) => parts.reduce((sum, part) => sum + Buffer.byteLength(part.text), 0) <= MAX_POSTED_TEXT_BYTES,
    'must have at most 64 KiB of text',
  );

export const PostedMessage = named('PostedMessage', z.strictObject({ content: PostedContent }));
export type PostedMessage = z.infer<typeof PostedMessage>;

export const ForkRequest = named(
  'ForkRequest',
  z.strictObject({ messageId: z.uuid().describe('Last message of the branch to copy.') }),
);
export type ForkRequest = z.infer<typeof ForkRequest>;

export const ExportQuery = z.strictObject({
  format: z
    .enum(['json', 'markdown'])
    .default('json')
    .describe('json: the whole tree; markdown: the active branch.'),
});
export type ExportQuery = z.infer<typeof ExportQuery>;

export const ConversationExport = named(
  'ConversationExport',
  z.object({ conversation: Conversation, messages: z.array(Message) }),
);
