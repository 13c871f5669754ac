// Pages that are made from code: the error list and the table of variables. `npm run docs` writes them, a test
// compares them, so neither can drift.

const NOTE = '<!-- Made by `npm run docs`. Do not edit: change the code it is made from. -->';

/** docs/errors.md from the declared codes (name -> {kind, message}) and the HTTP status of each kind. */
export function renderErrors(codes, statusOf) {
  const rows = [...codes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { kind, message }]) => `| \`${code}\` | ${statusOf[kind]} | ${cell(message)} |`);
  return `# Error codes

${NOTE}

Every error answer is a problem document (RFC 9457, \`application/problem+json\`). \`code\` is stable: programs may
compare it. \`detail\` is for people and may name the field or the variable; its usual text stands below.
A status of 429 or 503 comes with \`Retry-After\` when a repetition may succeed. A failed run carries the same codes
in \`error.code\`, a failed tool call in \`errorCode\`.

\`\`\`json
{
  "type": "urn:mcp-server:error:invalid_request",
  "title": "invalid request",
  "status": 400,
  "detail": "The request is not valid; see \\"errors\\" for each field.",
  "instance": "/api/v1/auth/login",
  "code": "invalid_request",
  "traceId": "0af7651916cd43dd8448eb211c80319c",
  "errors": [{ "field": "email", "message": "Invalid email address" }]
}
\`\`\`

| code | HTTP status | usual text |
|---|---|---|
${rows.join('\n')}
`;
}

/** docs/configuration.md from the schema of the environment and the exit codes of the programs. */
export function renderConfiguration(schema, exitCodes) {
  const rows = Object.entries(schema.shape).map(
    ([name, field]) => `| \`${name}\` | ${defaultOf(field)} | ${cell(field.description ?? '')} |`,
  );
  const exits = exitCodes.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`);
  return `# Configuration

${NOTE}

Everything is an environment variable, and every variable has a working default. Each one can also be given as
\`<NAME>_FILE\`, the path of a file that holds the value (for container secrets); not both. A bad value stops the start
with exit code 78 and a message that names every bad variable and never a value. An empty value counts as unset.

| variable | default | meaning |
|---|---|---|
${rows.join('\n')}

## Exit codes

The numbers are those of sysexits(3). They are the same for the server and for \`bin/mcp-server\`.

| code | meaning |
|---|---|
${exits.join('\n')}

## Variables of the command line

| variable | default | meaning |
|---|---|---|
| \`MCP_SERVER_URL\` | \`http://127.0.0.1:\${PORT:-8000}\` | The server that \`bin/mcp-server\` talks to; \`--url\` wins. |
| \`MCP_SERVER_TOKEN\` | none | Access token or API key; \`--token\` wins. Else the stored login, else the admin key in \`DATA_DIR\`. |
| \`NO_COLOR\` | none | Any value turns colours off. |
`;
}

function defaultOf(field) {
  const value = field.def.type === 'default' ? field.def.defaultValue : undefined;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none';
  return `\`${String(value)}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
