// Reads Markdown: fenced blocks with their tags, and links.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SHELLS = new Set(['sh', 'bash', 'shell', 'console', 'zsh']);

/**
 * The fenced blocks of a page: `{ line, lang, tag, value, body }`. The word after the language is the tag:
 * `run` · `run=docker` · `shown: <reason>` · `file=<path>` (the reader saves it) · `output` (what the block before prints).
 */
export function fencesOf(text) {
  const fences = [];
  let open;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^(`{3,}|~{3,})(.*)$/.exec(line);
    if (open === undefined && mark) {
      open = { mark: mark[1], line: index + 1, ...tagOf(mark[2].trim()), body: [] };
    } else if (open !== undefined && line.trim() === open.mark) {
      fences.push({ ...open, body: open.body.join('\n') });
      open = undefined;
    } else open?.body.push(line);
  }
  return fences;
}

function tagOf(info) {
  const [, lang = '', rest = ''] = /^(\S*)\s*(.*)$/.exec(info) ?? [];
  if (rest === 'run' || rest === 'run=docker' || rest === 'output') return { lang, tag: rest };
  const [, tag, value] = /^(shown|file)[:=]\s*(.+)$/.exec(rest) ?? [];
  return { lang, tag, value };
}

/** What is wrong with the tag of a block, undefined when nothing is. */
export function tagProblem({ lang, tag }) {
  if (SHELLS.has(lang) && !['run', 'run=docker', 'shown'].includes(tag))
    return 'a shell block needs `run`, `run=docker` or `shown: <reason>`';
  if (!SHELLS.has(lang) && tag?.startsWith('run'))
    return 'only a shell block can be run; begin it with ```sh';
  return undefined;
}

/** Relative links of a page that lead nowhere: `{ line, target }`. Headings are checked, too. */
export function brokenLinks(file, text) {
  const broken = [];
  for (const [index, line] of withoutFences(text).split('\n').entries()) {
    for (const [, target] of line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(<?([^)>\s]+)>?\)/g)) {
      if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
      const [page, heading] = decodeURI(target).split('#');
      const to = page === '' ? file : path.resolve(path.dirname(file), page);
      if (!existsSync(to) || (heading && to.endsWith('.md') && !headingsOf(to).has(heading)))
        broken.push({ line: index + 1, target });
    }
  }
  return broken;
}

function withoutFences(text) {
  let inside = false;
  return text
    .split('\n')
    .map((line) => {
      const mark = /^(`{3,}|~{3,})/.test(line);
      if (mark) inside = !inside;
      return mark || inside ? '' : line;
    })
    .join('\n');
}

/** Anchors as GitHub makes them. */
function headingsOf(file) {
  const headings = withoutFences(readFileSync(file, 'utf8')).matchAll(/^#+ +(.+)$/gm);
  return new Set(
    [...headings].map(([, title]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
