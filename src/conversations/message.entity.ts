import { Column, Entity, PrimaryColumn } from 'typeorm';
import {
  type MessageContent,
  type MessageRole,
  type MessageStatus,
  type MessageToolCall,
} from './message.js';

/** A message in the tree of its conversation. Never changed once complete: an edit is a sibling. */
@Entity('messages')
export class Message {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'conversation_id' }) conversationId: string;
  @Column('uuid', { name: 'parent_id', nullable: true }) parentId: string | null;
  /** Order of appending within the conversation, from 1, without a gap. */
  @Column('integer') position: number;
  @Column('text') role: MessageRole;
  @Column('jsonb') content: readonly MessageContent[];
  @Column('text', { nullable: true }) agent: string | null;
  @Column('uuid', { name: 'run_id', nullable: true }) runId: string | null;
  @Column('jsonb', { name: 'tool_calls', nullable: true }) toolCalls: readonly MessageToolCall[] | null;
  @Column('text', { name: 'tool_call_id', nullable: true }) toolCallId: string | null;
  @Column('text') status: MessageStatus;
  @Column('text', { nullable: true }) model: string | null;
  @Column('text', { name: 'generated_by', nullable: true }) generatedBy: 'rules' | 'llm' | null;
  @Column('text') visibility: 'user' | 'internal';
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}
