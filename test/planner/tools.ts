import { readFileSync } from 'node:fs';
import { type PlannerTool } from '../../src/agents/models/planner/tools.js';
import { BUILTIN_TOOLS } from '../../src/tools/builtin/all.js';
import { inputSchemaOf } from '../../src/tools/schema/json-schema.js';

type Described = Omit<PlannerTool, 'name'>;

/** The tools that the planner's tests offer: the real ones where they are plain objects, else those of tools.json. */
export const TOOLS: Readonly<Record<string, Described>> = {
  ...(JSON.parse(readFileSync('test/planner/tools.json', 'utf8')) as Record<string, Described>),
  ...Object.fromEntries(
    BUILTIN_TOOLS.map(({ name, description, input }) => [
      name,
      { description, parameters: inputSchemaOf(input) },
    ]),
  ),
};
