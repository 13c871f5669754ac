import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Actor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { type Page } from '../../common/page.js';
import { Cursors } from '../../platform/secrets/cursors.js';
import { MemoriesRepository } from './memories.repository.js';
import { type MemoryQuery } from './memories.dto.js';
import { MemoryErrors } from './memory.errors.js';
import { type MemoryNote } from './memory-note.js';

/** Notes that one user may have. */
const MAX_NOTES = 1000;
/** Words of a question by which notes are looked for. */
const MAX_WORDS = 32;

/** What agents keep about their users. A note belongs to one user and one agent; nobody else finds it. */
@Injectable()
export class MemoriesService {
  constructor(
    private readonly notes: MemoriesRepository,
    private readonly cursors: Cursors,
  ) {}

  /** Keeps a text; the same text is kept once. Throws `memory_full`. */
  async save(
    actor: Actor,
    note: Pick<MemoryNote, 'agent' | 'text' | 'runId' | 'step' | 'untrusted'>,
  ): Promise<string> {
    const hash = createHash('sha256').update(note.text).digest('hex');
    const id = await this.notes.save(actor.userId, { ...note, id: newId(), hash }, MAX_NOTES);
    if (id === undefined) throw MemoryErrors.memory_full();
    return id;
  }

  /** The notes of an agent that share words with a text, best first. */
  async recall(actor: Actor, agent: string, text: string, limit: number): Promise<MemoryNote[]> {
    const words = wordsOf(text);
    return words.length === 0 ? [] : this.notes.search(actor.userId, agent, words, limit);
  }

  /** The notes about the actor, newest first; `q` gives those that hold all of its words. */
  async list(actor: Actor, { limit, cursor, agent, q }: MemoryQuery): Promise<Page<MemoryNote>> {
    const list = `memories:${JSON.stringify([actor.userId, agent, q])}`;
    const before = this.cursors.read(list, cursor);
    const words = q === undefined ? undefined : wordsOf(q);
    if (words?.length === 0) return { items: [], nextCursor: null };
    const rows = await this.notes.list(actor.userId, { agent, words, before, limit: limit + 1 });
    return this.cursors.page(list, rows, limit, (note) => note.id);
  }

  /** Throws `memory_not_found`. */
  async delete(actor: Actor, id: string): Promise<void> {
    if (!(await this.notes.delete(actor.userId, id))) throw MemoryErrors.memory_not_found();
  }

  /** Forgets all notes about the actor, or those of one agent. */
  async deleteAll(actor: Actor, agent?: string): Promise<void> {
    await this.notes.deleteAll(actor.userId, agent);
  }
}

/** Letters and digits only, so that no operator of a tsquery gets in. */
function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]{2,40}/gu) ?? [])].slice(0, MAX_WORDS);
}
