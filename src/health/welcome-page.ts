import { type ServiceInfo } from './health.dto.js';

/**
 * Does whoever sent this Accept header prefer HTML to JSON (RFC 9110 section 12.5.1)? Browsers do; curl, fetch and
 * everything else that takes any type do not.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const weights = new Map<string, number>();
  for (const range of (accept ?? '').slice(0, 1_000).split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(type, quality === undefined ? 1 : Number(quality) || 0);
  }
  const html = weights.get('text/html') ?? 0;
  const json = weights.get('application/json') ?? weights.get('application/*') ?? weights.get('*/*') ?? 0;
  return html > json;
}

/** `GET /` for people: one page without script and without a request to anywhere. */
export function welcomePage({ service, version, status, links }: ServiceInfo): string {
  const vscode = {
    inputs: [{ type: 'promptString', id: 'mcp-server-key', description: 'API key', password: true }],
    servers: {
      [service]: {
        type: 'http',
        url: links.mcp,
        headers: { Authorization: 'Bearer ${input:mcp-server-key}' },
      },
    },
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${service}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 6px; font-size: 14px }
</style>
</head>
<body>
<h1>${service} ${escape(version)}</h1>
<p>This server is <strong>${status}</strong>. Details: <a href="${escape(links.health)}">health</a>,
<a href="${escape(links.status)}">status</a>.</p>
<h2>REST</h2>
<p><a href="${escape(links.docs)}">API documentation</a>: Authorize with an API key or an access token, then Execute.</p>
<h2>MCP clients</h2>
<p>The address is <code>${escape(links.mcp)}</code>. In the folder of the server this makes an API key and prints what to
put where, for <code>claude-code</code>, <code>claude</code>, <code>vscode</code> or <code>cursor</code>:</p>
<pre>bin/mcp-server mcp config claude-code</pre>
<p>By hand, with a key that has the scopes <code>mcp</code>, <code>tools:read</code> and <code>tools:call</code>. Claude Code:</p>
<pre>claude mcp add --transport http ${service} ${escape(links.mcp)} --header "Authorization: Bearer $MCP_SERVER_KEY"</pre>
<p>VS Code, in <code>.vscode/mcp.json</code>:</p>
<pre>${escape(JSON.stringify(vscode, null, 2))}</pre>
</body>
</html>
`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
