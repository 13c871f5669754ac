// Loaded into a server with `node --import`: kills or stops it (CRASH_SIGNAL) before or after a statement that the file
// CRASH_FILE describes as {"when":"before"|"after","label":"regular expression","once":"one that must have come before"}.
// The label of a statement is its text; that of a write to the journal says which rows and events it holds. The server
// itself knows nothing of this.
import { readFileSync } from 'node:fs';
import pg from 'pg';

const query = pg.Client.prototype.query;
const die = () => process.kill(process.pid, process.env.CRASH_SIGNAL ?? 'SIGKILL');
let seen = '';

pg.Client.prototype.query = function (...args) {
  const point = read();
  if (point === undefined) return query.apply(this, args);
  const label = labelOf(args);
  if (point.once !== undefined && seen !== point.once) {
    if (new RegExp(point.once, 'i').test(label)) seen = point.once;
    return query.apply(this, args);
  }
  if (!new RegExp(point.label, 'i').test(label)) return query.apply(this, args);
  if (point.when === 'before') {
    die();
    return query.apply(this, args);
  }
  if (typeof args.at(-1) === 'function') {
    const done = args.at(-1);
    args[args.length - 1] = (...results) => {
      die();
      done(...results);
    };
    return query.apply(this, args);
  }
  const answer = query.apply(this, args);
  // Who waits for the answer goes on after a stop, with the answer.
  return answer?.then?.((result) => {
    die();
    return result;
  });
};

function read() {
  try {
    return JSON.parse(readFileSync(process.env.CRASH_FILE, 'utf8'));
  } catch {
    return undefined;
  }
}

function labelOf([first, second]) {
  const text = typeof first === 'string' ? first : (first?.text ?? '');
  if (!text.includes('with batch as (')) return text;
  const values = first?.values ?? second;
  return JSON.parse(values[0])
    .flatMap(({ steps, events }) => [
      ...steps.map(({ path, status }) => `step ${path} ${status}`),
      ...events.map(({ type }) => `event ${type}`),
    ])
    .join('\n');
}
