import { z } from 'zod';
import { defaultAccess, defaultPolicy } from '../../tool-defaults.js';
import { type ToolAnnotations } from '../../tool.js';
import { type OfferedTool } from '../tool-source.js';
import { type ToolProblem } from './mcp-server.entity.js';
import { modernSchema } from './modern-schema.js';
import { toolName } from './tool-name.js';

/** A tool as an upstream describes it (MCP, server/tools). What we do not use is not looked at. */
const UpstreamTool = z.looseObject({
  name: z.string('must be a text').min(1).max(256),
  title: z.string().max(200).optional().catch(undefined),
  description: z.string().max(16_384, 'is longer than 16,384 characters').optional(),
  inputSchema: z.record(z.string(), z.unknown(), 'must be a JSON Schema object'),
  outputSchema: z.record(z.string(), z.unknown(), 'must be a JSON Schema object').optional(),
  annotations: z
    .looseObject({
      title: z.string().max(200).optional().catch(undefined),
      readOnlyHint: z.boolean().optional().catch(undefined),
      destructiveHint: z.boolean().optional().catch(undefined),
      idempotentHint: z.boolean().optional().catch(undefined),
      openWorldHint: z.boolean().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  execution: z.looseObject({ taskSupport: z.string().optional() }).optional().catch(undefined),
});
type UpstreamTool = z.infer<typeof UpstreamTool>;

/** Where a tool of an upstream is called: stays the same as long as it is the same tool. */
export interface UpstreamToolSource {
  readonly type: 'mcp';
  readonly server: string;
  readonly serverId: string;
  /** Its name at the upstream. */
  readonly tool: string;
  /** It answers only to a task (revision 2025-11-25, `execution.taskSupport: "required"`). */
  readonly task?: true;
}

/**
 * The tools of an upstream as this registry offers them. A tool that cannot be taken is a problem and never hides the
 * others. Of two whose names fall together the one that already has the name keeps it: `holderOf` gives the original
 * name of the tool that is registered under a name.
 */
export function offersOf(
  server: { readonly id: string; readonly name: string },
  tools: readonly unknown[],
  holderOf: (name: string) => string | undefined,
): { readonly offered: OfferedTool[]; readonly problems: ToolProblem[] } {
  const offered = new Map<string, OfferedTool>();
  const problems: ToolProblem[] = [];
  for (const raw of tools) {
    const parsed = UpstreamTool.safeParse(raw);
    if (!parsed.success) {
      problems.push({ tool: nameOf(raw), message: explain(parsed.error) });
      continue;
    }
    const name = toolName(server.name, parsed.data.name);
    const rival = offered.get(name);
    if (rival !== undefined && holderOf(name) !== parsed.data.name) {
      const message = `its name falls together with that of "${String(rival.source.tool)}" (${name})`;
      problems.push({ tool: parsed.data.name, message });
      continue;
    }
    if (rival !== undefined)
      problems.push({
        tool: String(rival.source.tool),
        message: `its name falls together with that of "${parsed.data.name}" (${name})`,
      });
    offered.set(name, offerOf(server, name, parsed.data));
  }
  return { offered: [...offered.values()], problems };
}

function offerOf(
  server: { readonly id: string; readonly name: string },
  name: string,
  tool: UpstreamTool,
): OfferedTool {
  const annotations = annotationsOf(tool);
  const source: UpstreamToolSource = {
    type: 'mcp',
    server: server.name,
    serverId: server.id,
    tool: tool.name,
    ...(tool.execution?.taskSupport === 'required' && { task: true as const }),
  };
  return {
    contract: {
      name,
      title: tool.title || tool.annotations?.title || tool.name,
      description: tool.description || `The tool ${tool.name} of the MCP server ${server.name}.`,
      inputSchema: modernSchema(tool.inputSchema),
      ...(tool.outputSchema && { outputSchema: modernSchema(tool.outputSchema) }),
      annotations,
    },
    source: { ...source },
    defaults: {
      policy: defaultPolicy('mcp', annotations),
      access: defaultAccess(annotations),
      requiredScopes: [],
      enabled: true,
    },
  };
}

/** Only what was said: the hash of a definition must not depend on what we would assume. */
function annotationsOf({ annotations = {} }: UpstreamTool): ToolAnnotations {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  return JSON.parse(
    JSON.stringify({ readOnlyHint, destructiveHint, idempotentHint, openWorldHint }),
  ) as ToolAnnotations;
}

function nameOf(raw: unknown): string {
  const name = (raw as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.slice(0, 256) : '(no name)';
}

function explain(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(String).join('.') || 'the definition'} ${issue.message}`)
    .join('; ');
}
