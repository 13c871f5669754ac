import { defineErrors } from '../common/app-error.js';

/** The first block is thrown before a tool runs; the second becomes an `isError` result with this code. */
export const ToolErrors = defineErrors({
  tool_not_found: { kind: 'not_found', message: 'There is no such tool. GET /api/v1/tools lists them.' },
  tool_disabled: { kind: 'conflict', message: 'The tool is disabled. An admin can enable it.' },
  tool_unavailable: { kind: 'unavailable', message: 'The tool is not available at the moment.' },
  tool_changed: { kind: 'conflict', message: 'The tool has changed since it was offered. Call it again.' },
  tool_rate_limited: { kind: 'too_many', message: 'The tool was called too often; try again later.' },
  tool_busy: {
    kind: 'unavailable',
    message: 'Too many calls of the tool are running; try again in a moment.',
  },
  tool_circuit_open: {
    kind: 'unavailable',
    message: 'The tool did not answer its last calls and is left alone for a moment.',
  },
  invalid_tool_arguments: {
    kind: 'invalid',
    message: 'The arguments do not match the inputSchema of the tool; see "errors" for each field.',
  },
  tool_definition_read_only: {
    kind: 'conflict',
    message:
      'What this tool says about itself and where it goes comes from its code, its server or its import. Change it there.',
  },
  tool_exists: { kind: 'conflict', message: 'There is a tool of this name already; choose another name.' },
  tool_kind_not_made_by_hand: {
    kind: 'unprocessable',
    message: 'Tools of this kind are not made one by one.',
  },
  tool_not_made_by_hand: {
    kind: 'conflict',
    message:
      'The tool comes from code, a server or an import; remove it there. PATCH {"enabled": false} switches it off.',
  },
  tool_changed_meanwhile: {
    kind: 'conflict',
    message: 'The tool was changed by somebody else meanwhile. Read it again, then repeat your change.',
  },
  tool_version_not_found: { kind: 'not_found', message: 'The tool has no such version.' },
  tool_not_quarantined: {
    kind: 'conflict',
    message: 'The tool is not quarantined: there is nothing to approve.',
  },
  tool_version_not_offered: { kind: 'conflict', message: 'This version is not the one that is offered now.' },
  invalid_tool_source: { kind: 'unprocessable', message: 'The "source" of the tool cannot be used.' },
  suspicious_text: {
    kind: 'unprocessable',
    message: 'A text of the tool holds a character that people do not see but models read.',
  },
  schema_probe_busy: {
    kind: 'unavailable',
    message: 'Too many schemas are being checked; try again in a moment.',
  },
  invalid_tool_schema: { kind: 'unprocessable', message: 'The JSON Schema of the tool cannot be used.' },

  tool_failed: { kind: 'internal', message: 'The tool failed.' },
  tool_timeout: { kind: 'timeout', message: 'The tool did not finish in time.' },
  tool_cancelled: { kind: 'conflict', message: 'The call was cancelled.' },
  invalid_tool_output: {
    kind: 'internal',
    message: 'The result does not match the outputSchema of the tool.',
  },
  tool_result_too_large: { kind: 'too_large', message: 'The result is larger than the tool may return.' },
  tool_not_simulated: {
    kind: 'unprocessable',
    message: 'No sample fits the outputSchema of the tool; give it "examples".',
  },
});
