import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type MemoryNote } from './memory-note.js';

const COLUMNS = `id, agent, text, run_id as "runId", step, untrusted, created_at as "createdAt"`;

/** Notes by user and agent. Every statement names the user. */
@Injectable()
export class MemoriesRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The id of the note, new or of the same text; undefined when the user has `max` notes. */
  async save(
    userId: string,
    note: Omit<MemoryNote, 'createdAt'> & { readonly hash: string },
    max: number,
  ): Promise<string | undefined> {
    const { id, agent, text, hash, runId, step, untrusted } = note;
    const rows: { id: string }[] = await this.dataSource.query(
      `insert into memory_notes (id, user_id, agent, text, hash, run_id, step, untrusted)
       select $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::uuid, $7::text, $8::boolean
        where (select count(*) from memory_notes where user_id = $2) < $9
           or exists (select 1 from memory_notes where user_id = $2 and agent = $3 and hash = $5)
       on conflict (user_id, agent, hash) do update set hash = excluded.hash
       returning id`,
      [id, userId, agent, text, hash, runId, step, untrusted, max],
    );
    return rows[0]?.id;
  }

  /** The notes of an agent that hold any of the words, best first. */
  search(userId: string, agent: string, words: readonly string[], limit: number): Promise<MemoryNote[]> {
    return this.dataSource.query(
      `select ${COLUMNS} from memory_notes, to_tsquery('simple', $3) query
        where user_id = $1 and agent = $2 and search @@ query
        order by ts_rank(search, query) desc, id desc limit $4`,
      [userId, agent, words.join(' | '), limit],
    );
  }

  /** Newest first. */
  list(
    userId: string,
    filter: {
      readonly agent?: string;
      readonly words?: readonly string[];
      readonly before?: string;
      readonly limit: number;
    },
  ): Promise<MemoryNote[]> {
    return this.dataSource.query(
      `select ${COLUMNS} from memory_notes
        where user_id = $1 and ($2::text is null or agent = $2) and ($3::uuid is null or id < $3)
          and ($4::text is null or search @@ to_tsquery('simple', $4))
        order by id desc limit $5`,
      [userId, filter.agent ?? null, filter.before ?? null, filter.words?.join(' & ') ?? null, filter.limit],
    );
  }

  async delete(userId: string, id: string): Promise<boolean> {
    const [, deleted]: [unknown, number] = await this.dataSource.query(
      'delete from memory_notes where user_id = $1 and id = $2',
      [userId, id],
    );
    return deleted > 0;
  }

  async deleteAll(userId: string, agent: string | undefined): Promise<void> {
    await this.dataSource.query(
      'delete from memory_notes where user_id = $1 and ($2::text is null or agent = $2)',
      [userId, agent ?? null],
    );
  }
}
