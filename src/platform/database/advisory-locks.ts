/**
 * The numbers of our advisory locks: all in one place, because two features that take one number wait for each other, and
 * two that take two in different order stop each other. A transaction that takes several takes them in this order.
 * `…Key` is a seed of `hashtextextended`: one lock for each text.
 */
export const ADVISORY_LOCKS = {
  /** Two servers that start at once migrate one after the other. */
  migration: 7_214_001,
  /** Whoever looks for runs that no worker has. */
  runReconciler: 7_214_005,
  /** Whoever deletes what was kept long enough. */
  housekeeping: 7_214_009,
  /** A use of an Idempotency-Key. */
  idempotencyKey: 7_214_008,
  /** All writes of agents: a cycle must not slip in between two of them. */
  agentWrites: 7_214_006,
  /** Two additions cannot both be the last workspace that is allowed. */
  workspaceLimit: 7_214_007,
  /** Two additions cannot both be the last MCP server that is allowed, nor have one name. */
  mcpServerLimit: 7_214_010,
  /** One writer of a secret's name at a time. */
  secretKey: 7_214_004,
  /** Whatever adds tools or versions: one at a time, so that numbers and names do not collide. */
  toolRegistry: 7_214_003,
  /** One writer of the audit at a time: its chain has one end. Held to the end of a transaction, so taken last. */
  auditChain: 7_214_002,
} as const;
