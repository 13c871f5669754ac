// npm run bench [-- NAME …]: runs benchmarks, each beside its anchors in the same run, prints a table and writes
// bench/results/<name>.json. Exit code 1 when a goal was missed. See bench/README.md.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from '../scripts/prepare.mjs';
import { judge, measure } from './support/measure.mjs';
import { printTable } from './support/table.mjs';

prepare();
const SUFFIX = '.bench.mjs';
const known = readdirSync('bench')
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. Benchmarks: ${known.join(', ')}`);
  process.exit(64);
}

let missed = 0;
for (const name of wanted.length > 0 ? wanted : known) {
  const { default: bench } = await import(pathToFileURL(path.resolve('bench', `${name}${SUFFIX}`)).href);
  console.log(`\n${name}: ${bench.title}`);
  const state = await bench.setup?.();
  let cases;
  try {
    cases = await measure(bench, state);
  } finally {
    await bench.teardown?.(state);
  }
  const goals = judge(bench.goals ?? [], cases);
  printTable(cases, goals);
  missed += goals.filter((goal) => !goal.held).length;
  write(name, { title: bench.title, ...machine(), cases, goals });
}
process.exit(missed === 0 ? 0 : 1);

function machine() {
  const { version, platform, arch } = process;
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    machine: {
      ...{ node: version, platform, arch, cpu: cpu?.model ?? '', cpus: cpus().length },
      ...{ memoryGiB: Math.round(totalmem() / 2 ** 30), loadAverage: Number(loadavg()[0].toFixed(1)) },
    },
  };
}

function write(name, result) {
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(path.join('bench/results', `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
