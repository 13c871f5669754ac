/** Something that an agent keeps about a user, beyond one conversation. */
export interface MemoryNote {
  readonly id: string;
  /** The agent that may find it; empty: saved by the user's own client, outside of any agent. */
  readonly agent: string;
  readonly text: string;
  /** Where it comes from. */
  readonly runId: string | null;
  readonly step: string | null;
  /** Written by a model, which may have been told what to write by a web page or a file. [S71] */
  readonly untrusted: boolean;
  readonly createdAt: Date;
}
