// npm run docs:check: does what README.md and the guides tell and compares what comes with what they print; checks links
// and the pages made from code. Closes with `N passed, N failed, N skipped`. Page names as arguments limit it to those;
// --docker carries out the `run=docker` blocks (npm run test:deploy does, where there is an engine).
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brokenLinks, fencesOf, tagProblem } from './docs/pages.mjs';
import { hasTerminal, makeClone, Reader, startsServer } from './docs/reader.mjs';
import { difference } from './docs/transcript.mjs';
import { prepare } from './prepare.mjs';

prepare();
const root = path.resolve(import.meta.dirname, '..');
const withDocker = process.argv.includes('--docker');
const chosen = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const counts = { passed: 0, failed: 0, skipped: 0 };

const guides = readdirSync('docs/guides').sort();
const pages = ['README.md', ...guides.map((name) => `docs/guides/${name}`)].filter((page) =>
  page.endsWith('.md'),
);
for (const page of pages) {
  if (chosen.length === 0 || chosen.some((name) => page.endsWith(name))) await checkPage(page);
}
if (chosen.length === 0 && !withDocker) {
  checkLinks();
  checkMadePages();
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);

async function checkPage(page) {
  const fences = fencesOf(readFileSync(page, 'utf8'));
  for (const fence of fences) {
    const problem = tagProblem(fence);
    if (problem !== undefined) report('failed', `${page}:${fence.line}`, problem);
  }
  const wanted = withDocker ? 'run=docker' : 'run';
  if (!withDocker) {
    for (const { line } of fences.filter(({ tag }) => tag === 'run=docker'))
      report('skipped', `${page}:${line}`, 'needs a Docker engine: npm run test:deploy');
  }
  if (!fences.some(({ tag }) => tag === wanted)) return;
  const { clone, remove } = makeClone(root);
  const reader = await Reader.make(clone);
  try {
    await follow(page, fences, wanted, reader);
  } finally {
    await reader.leave();
    remove();
  }
}

/** Does a page's steps in order. What follows a failed step is not tried: it would fail for the same reason. */
async function follow(page, fences, wanted, reader) {
  const commands = fences.filter(({ tag }) => tag === wanted);
  // A guide is read with the server of README.md running.
  if (!withDocker && !commands.some(({ body }) => startsServer(body))) {
    const { code, output } = await reader.run('npm start');
    if (code !== 0) return report('failed', page, `npm start: ${code}\n${output}`);
  }
  let last;
  for (const fence of fences) {
    const where = `${page}:${fence.line}`;
    if (fence.tag === 'file') reader.save(fence.value, fence.body);
    if (fence.tag === 'output' && last !== undefined) compare(where, fence.body, last);
    if (fence.tag !== 'output') last = undefined;
    if (fence.tag !== wanted) continue;
    const started = Date.now();
    const { code, output } = await reader.run(fence.body);
    if (code !== 0) return report('failed', where, `${code}\n${output}`);
    report('passed', where, `${((Date.now() - started) / 1000).toFixed(1)} s`);
    last = { output, terminal: startsServer(fence.body) };
  }
}

function compare(where, printed, { output, terminal }) {
  if (terminal && !hasTerminal)
    return report('skipped', where, 'no `script` command here to make a terminal');
  const differs = difference(printed, output);
  if (differs === undefined) report('passed', where, 'as printed');
  else report('failed', where, `${differs}\nAll of it:\n${output}`);
}

function checkLinks() {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    encoding: 'utf8',
  });
  for (const file of files.trim().split('\n')) {
    const broken = brokenLinks(file, readFileSync(file, 'utf8'));
    for (const { line, target } of broken) report('failed', `${file}:${line}`, `${target} leads nowhere`);
    if (broken.length === 0) report('passed', file, 'links');
  }
}

/** `npm run docs` in a copy must change nothing. */
function checkMadePages() {
  const { clone, remove } = makeClone(root);
  const git = (...args) => spawnSync('git', args, { cwd: clone, encoding: 'utf8' });
  git('add', '--all');
  const made = spawnSync(process.execPath, ['scripts/docs.mjs'], { cwd: clone, encoding: 'utf8' });
  const stale = git('diff', '--name-only', '--', 'docs').stdout.trim();
  remove();
  if (made.status !== 0) report('failed', 'npm run docs', made.stderr);
  else if (stale !== '') report('failed', 'npm run docs', `stale: ${stale.replaceAll('\n', ', ')}`);
  else report('passed', 'npm run docs', made.stdout.trim().replaceAll('\n', ', '));
}

function report(result, where, text) {
  counts[result] += 1;
  const label = { passed: 'ok     ', failed: 'FAIL   ', skipped: 'skipped' }[result];
  console.log(`${label} ${where}  ${text}`);
}
