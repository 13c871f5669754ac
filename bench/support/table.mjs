/** Prints the cases of a benchmark and what became of its goals. */
export function printTable(cases, goals) {
  const rows = [
    ['case', 'n', 'min', 'median', 'p95', ''],
    ...cases.map(({ name, samples, min, median, p95, unit }) => [
      name,
      String(samples),
      ...[min, median, p95].map(figure),
      unit,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    console.log(
      `  ${row.map((cell, column) => (column === 0 || column === 5 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')}`.trimEnd(),
    );
  for (const { name, value, atMost, atLeast, held, anchor } of goals) {
    const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
    const times = anchor === undefined ? '' : ` times "${anchor}"`;
    console.log(`  ${held ? 'ok  ' : 'MISS'} ${name}: ${figure(value)}${times} (goal: ${bound})`);
  }
}

function figure(value) {
  if (!Number.isFinite(value)) return '-';
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(2);
}
