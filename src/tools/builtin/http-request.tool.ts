import { z } from 'zod';
import { defineTool } from '../define-tool.js';
import { answer } from '../tool-result.js';
import { ToolErrors } from '../tools.errors.js';

const MAX_TEXT = 60_000;
const SHOWN_HEADERS = ['content-type', 'content-length', 'last-modified', 'etag', 'location', 'retry-after'];

export const httpRequest = defineTool({
  name: 'http_request',
  title: 'HTTP request',
  description:
    'Sends an HTTP request to a public web address and gives the status and the text of the answer.',
  input: z.object({
    url: z.string().min(1).max(2_000).describe('Address to call, e.g. https://example.com/data.json.'),
    method: z
      .enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      .default('GET')
      .describe('HTTP method. Default: GET.'),
    headers: z
      .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(2_000))
      .default({})
      .describe('Request headers, e.g. {"accept": "application/json"}.'),
    body: z.string().max(100_000).optional().describe('Request body, for POST, PUT and PATCH.'),
  }),
  output: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
    truncated: z.boolean(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  enabled: false,
  async run({ url, method, headers, body }, { fetch, signal }) {
    if (body !== undefined && (method === 'GET' || method === 'HEAD'))
      throw ToolErrors.invalid_tool_arguments(undefined, {
        errors: [{ field: 'body', message: 'must be left out with GET and HEAD' }],
      });
    const response = await fetch(url, { method, headers, signal, ...(body !== undefined && { body }) });
    const text = (await response.text()).toWellFormed().replaceAll('\0', '');
    const shown = SHOWN_HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    const data = {
      status: response.status,
      headers: Object.fromEntries(shown) as Record<string, string>,
      body: text.slice(0, MAX_TEXT).toWellFormed(),
      truncated: text.length > MAX_TEXT,
    };
    return answer(`${method} ${url} answered ${response.status}.\n${data.body}`, data);
  },
});
