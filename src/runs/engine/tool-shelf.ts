import { allowsTool } from '../../tools/allow-list.js';
import { type ToolOffer } from './delegation.js';

/**
 * Tools of an agent that a model is told of at once. With more of them it is told of `search_tools` instead, and of what
 * that finds: hundreds of definitions cost tokens with every call, and models choose worse among them.
 */
const MAX_LISTED_TOOLS = 40;

/** The built-in tool that finds others. */
export const SEARCH_TOOLS = 'search_tools';

/** What a searching model is told beside its instructions. */
export const SEARCH_HINT = `You have more tools than are listed. ${SEARCH_TOOLS} finds them by what they do; what it finds you can call from then on.`;

/** What a model is told of at each moment of its agent's turn. */
export class ToolShelf {
  private readonly found = new Set<string>();
  private readonly own: readonly ToolOffer[];

  constructor(
    private readonly offers: readonly ToolOffer[],
    allowed: readonly string[],
    /** Are tools searched for? Sub-agents are always listed. */
    readonly isSearched: boolean,
  ) {
    // Who need not search has `search_tools` only when his agent names it.
    this.own = offers.filter(({ name }) => name !== SEARCH_TOOLS || allowsTool(allowed, name));
  }

  /** In the order of the offers, so that it does not depend on which search ended first. */
  get listed(): readonly ToolOffer[] {
    if (!this.isSearched) return this.own;
    return this.offers.filter(
      ({ name, tool }) => tool === undefined || name === SEARCH_TOOLS || this.found.has(name),
    );
  }

  add(names: readonly string[]): void {
    for (const name of names) this.found.add(name);
  }
}

/** Is this more than a model is told of at once? */
export function areMany(offers: readonly ToolOffer[]): boolean {
  return (
    offers.filter(({ name, tool }) => tool !== undefined && name !== SEARCH_TOOLS).length > MAX_LISTED_TOOLS
  );
}

/** The names in a result of `search_tools`. */
export function namesIn(structured: unknown): string[] {
  const { tools } = (structured ?? {}) as { tools?: unknown };
  if (!Array.isArray(tools)) return [];
  return tools.map((tool: { name?: unknown }) => tool.name).filter((name) => typeof name === 'string');
}
