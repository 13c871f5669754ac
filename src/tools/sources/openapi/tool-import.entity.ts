import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { type ImportOptions } from './import-options.schema.js';

/** A document that tools were imported from, with the choices that a refresh makes again. Its tools are a set of its name. */
@Entity('tool_imports')
export class ToolImport {
  @PrimaryColumn('text') name: string;
  /** Null when the document itself was given. */
  @Column('text', { nullable: true }) url: string | null;
  /** As it was given, when it was; it may be large, so that only who asks for it gets it. */
  @Column('text', { nullable: true, select: false }) document: string | null;
  @Column('jsonb') options: ImportOptions;
  @Column('text') title: string;
  @Column('integer') tools: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt: Date;
}
