// Measuring: every round runs every case once, each time in another order, so that a busy moment of the machine hits
// a case and its anchor alike; ratios are taken round by round.

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {number} [ops] timed repetitions a round; default 50
 * @property {number} [warmup] untimed ones before the first round; default 5
 * @property {string} [unit] default ms
 * @property {number} [per] what one repetition handles (tools of a list, runs of a batch): samples are divided by it
 * @property {() => Promise<void | number | number[]>} run one repetition; a returned number (or several) is the sample
 *   itself, else the elapsed milliseconds are
 */

/** Runs all cases of a benchmark and gives their statistics. */
export async function measure({ rounds = 5, cases }, state) {
  const list = cases(state).map((item) => ({ ops: 50, warmup: 5, unit: 'ms', per: 1, ...item, rounds: [] }));
  for (const item of list) for (let i = 0; i < item.warmup; i += 1) await item.run();
  for (let round = 0; round < rounds; round += 1) {
    const order = list.map((_, index) => list[(index + round) % list.length]);
    for (const item of round % 2 === 0 ? order : order.reverse()) item.rounds.push(await samplesOf(item));
    process.stdout.write(`  round ${round + 1}/${rounds}\r`);
  }
  return list.map(({ name, unit, rounds: samples }) => ({
    name,
    unit,
    samples: samples.flat().length,
    ...statistics(samples.flat()),
    rounds: samples.map(statistics),
  }));
}

async function samplesOf({ ops, run, per }) {
  const samples = [];
  for (let i = 0; i < ops; i += 1) {
    const started = performance.now();
    const own = await run();
    samples.push(...[own ?? performance.now() - started].flat().map((sample) => sample / per));
  }
  return samples;
}

export function statistics(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  const [min, median, p95] = [at(0), at(0.5), at(0.95)].map((value) => Number(value.toFixed(4)));
  return { min, median, p95 };
}

/**
 * A goal is `{ name, of, statistic?: 'median' | 'p95' | 'min', anchor?, atMost?, atLeast? }`: with an anchor the
 * median over the rounds of (case / anchor), else the figure itself.
 */
export function judge(goals, cases) {
  const byName = new Map(cases.map((item) => [item.name, item]));
  return goals.map((goal) => {
    const { of, anchor, statistic = 'median', atMost = Infinity, atLeast = -Infinity } = goal;
    const own = byName.get(of);
    const base = byName.get(anchor);
    if (own === undefined || (anchor !== undefined && base === undefined))
      throw new Error(`The goal "${goal.name}" names a case that is not there`);
    const value =
      base === undefined
        ? own[statistic]
        : statistics(own.rounds.map((round, index) => round[statistic] / base.rounds[index][statistic]))
            .median;
    return { ...goal, value, held: value <= atMost && value >= atLeast };
  });
}
