import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ToolResultRow } from './tool-result.entity.js';

/** A part of a kept result. Offsets count characters (Unicode code points). */
export type ResultPart = Omit<ToolResultRow, 'userId' | 'content'> & {
  readonly text: string;
  readonly totalCharacters: number;
};

@Injectable()
export class ToolResultsRepository {
  constructor(@InjectRepository(ToolResultRow) private readonly results: Repository<ToolResultRow>) {}

  async insert(row: Omit<ToolResultRow, 'createdAt'>): Promise<void> {
    await this.results.insert(row);
  }

  /** Undefined when the user has no such result any more. The database cuts, so that a page costs no whole result. */
  async part(userId: string, id: string, offset: number, limit: number): Promise<ResultPart | undefined> {
    const [row] = await this.results.query<ResultPart[]>(
      `select id, tool, mime_type as "mimeType", truncated, created_at as "createdAt", expires_at as "expiresAt",
         substr(content, $3::int, $4::int) as text, length(content) as "totalCharacters"
       from tool_results where user_id = $1 and id = $2 and expires_at > now()`,
      [userId, id, offset + 1, limit],
    );
    return row;
  }

  async deleteExpired(): Promise<void> {
    await this.results.query(
      `delete from tool_results where id in
         (select id from tool_results where expires_at < now() limit 1000 for update skip locked)`,
    );
  }

  /** Deletes a user's oldest beyond `count`. */
  async keepNewest(userId: string, count: number): Promise<void> {
    await this.results.query(
      `delete from tool_results where id in
         (select id from tool_results where user_id = $1 order by id desc offset $2 for update skip locked)`,
      [userId, count],
    );
  }
}
