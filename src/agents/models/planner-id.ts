/** The model that needs no key and no network. */
export const PLANNER_ID = 'builtin:planner';
