import { type AnyCodeTool } from '../define-tool.js';
import { calculator } from './calculator.tool.js';
import { datetime } from './datetime.tool.js';
import { httpRequest } from './http-request.tool.js';
import { jsonQuery } from './json-query.tool.js';
import { textStats } from './text-stats.tool.js';

/** Built-in tools that are plain objects. Those with dependencies are providers of the module. */
export const BUILTIN_TOOLS: readonly AnyCodeTool[] = [
  calculator,
  datetime,
  httpRequest,
  jsonQuery,
  textStats,
];
