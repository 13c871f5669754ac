/** Does an allow list name this tool? An entry is a name or a glob, where * is any run of characters. */
export function allowsTool(allowList: readonly string[], tool: string): boolean {
  return allowList.some((entry) => matches(entry, tool));
}

/** Glob match without a regular expression: linear for any number of stars. */
function matches(glob: string, name: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  if (rest.length === 0) return glob === name;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
