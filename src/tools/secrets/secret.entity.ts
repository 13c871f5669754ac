import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A secret of the vault. Its value is an envelope: `wrapped_key` opens by the ring key `key_id`, `sealed` by what is in it. */
@Entity('secrets')
export class SecretRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  /** Where it may be sent: `https://api.example.com`. */
  @Column('text', { array: true }) origins: string[];
  @Column('integer') version: number;
  @Column('text', { name: 'key_id' }) keyId: string;
  @Column('text', { name: 'wrapped_key' }) wrappedKey: string;
  @Column('text') sealed: string;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt: Date;
}
