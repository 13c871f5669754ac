import { isDestructive } from '../../tools/tool-defaults.js';
import { type ToolDefinition, type ToolPolicy } from '../../tools/tool.js';
import { type Arguments } from './approval.js';

type Level = ToolPolicy['approval'];
const STRICTNESS: readonly Level[] = ['never', 'destructive', 'always'];

/** The stricter of what the tool's policy and the agent say. */
export function stricter(a: Level, b: Level): Level {
  return STRICTNESS[Math.max(STRICTNESS.indexOf(a), STRICTNESS.indexOf(b))] ?? 'always';
}

/**
 * Has the caller of an MCP call to give his word himself? When the policy says `always`, or the tool says of itself that
 * it destroys. A tool that says nothing is left to the client, which is told so and asks by itself.
 */
export function asksCaller({ policy, annotations }: ToolDefinition): boolean {
  return policy.approval === 'always' || (policy.approval === 'destructive' && isDestructive(annotations));
}

const REMOTE_KINDS: ReadonlySet<string> = new Set(['http', 'openapi', 'mcp']);

/** Does it reach beyond this server: may its results be written by strangers, and do its arguments leave? */
export function isOpen({ annotations, kind }: ToolDefinition): boolean {
  return annotations.openWorldHint ?? REMOTE_KINDS.has(kind);
}

/**
 * Could this call carry what the run knows to somebody new? A tool that reaches outside and is not read-only could; a
 * read-only one could when its arguments name an origin that the user did not name. [S68]
 */
export function mayLeak(tool: ToolDefinition, args: Arguments, userText: string): boolean {
  if (!isOpen(tool)) return false;
  if (tool.annotations.readOnlyHint !== true) return true;
  const named = new Set(originsIn(userText));
  return originsIn(JSON.stringify(args)).some((origin) => !named.has(origin));
}

/** The origins of all URLs in a text. */
function originsIn(text: string): string[] {
  return (text.match(/[a-z][a-z0-9+.-]*:\\?\/\\?\/[^\s"'<>\\]+/gi) ?? []).flatMap((url) => {
    const plain = url.replaceAll('\\', '');
    return URL.canParse(plain) ? [new URL(plain).host] : [];
  });
}
