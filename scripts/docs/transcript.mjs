// Compares what a page prints with what a command really printed.
import { stripVTControlCharacters } from 'node:util';

/** Output as a reader sees it: no colours, no carriage returns, the page's own address. */
export function readable(output, url) {
  return stripVTControlCharacters(output)
    .replaceAll('\r', '')
    .replaceAll(new RegExp(` --url ${url}(?= )`, 'g'), '')
    .replaceAll(url, 'http://127.0.0.1:8000');
}

/**
 * Says how `real` differs from `printed`, undefined when it does not. In `printed`, `…` inside a line stands for
 * anything, and a line with nothing else for any lines. The printed lines may be a part of the real ones, in one piece.
 */
export function difference(printed, real) {
  const wanted = printed.trimEnd().split('\n');
  const lines = real.split('\n').map((line) => line.trimEnd());
  let furthest = { count: -1, line: '' };
  for (let start = 0; start < lines.length; start += 1) {
    const count = matched(wanted, lines.slice(start));
    if (count === wanted.length) return undefined;
    if (count > furthest.count) furthest = { count, line: lines[start + count] ?? '(the end)' };
  }
  return `line ${furthest.count + 1} is printed as\n    ${wanted[furthest.count]}\nbut came as\n    ${furthest.line}`;
}

/** How many lines of `wanted` the beginning of `lines` answers. */
function matched(wanted, lines) {
  for (const [index, line] of wanted.entries()) {
    if (line.trim() === '…') {
      const rest = wanted.slice(index + 1);
      const found = lines
        .slice(index)
        .some((_, at) => matched(rest, lines.slice(index + at)) === rest.length);
      return found ? wanted.length : index;
    }
    if (lines[index] === undefined || !pattern(line).test(lines[index])) return index;
  }
  return wanted.length;
}

function pattern(line) {
  const parts = line
    .trimEnd()
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
