// npm test: installs and builds what is missing, runs the suites, closes with `N passed, N failed, N skipped`.
// Arguments go to Jest: `npm test -- test/unit`.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepare } from './prepare.mjs';

prepare();
const folder = mkdtempSync(path.join(tmpdir(), 'mcp-server-test-'));
// Some tests start a server as another user, who has to pass through.
chmodSync(folder, 0o711);
const report = path.join(folder, 'report.json');
const jest = spawnSync(
  process.execPath,
  [
    ...['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'],
    ...['--json', `--outputFile=${report}`, ...process.argv.slice(2)],
  ],
  // With --json the readable report goes to stderr; stdout would repeat the JSON.
  { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, LOG_FORMAT: 'json', TMPDIR: folder } },
);
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  counts = {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
  for (const file of result.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'pending' || test.status === 'todo') console.log(`skipped: ${test.fullName}`);
    }
  }
} catch {
  console.error('No test report was written');
}
for (const { pid, command } of leftOver()) {
  console.log(`left over: ${pid} ${command}`);
  counts.failed += 1;
  process.kill(pid, 'SIGKILL');
}
rmSync(folder, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(jest.status === 0 && counts.failed === 0 ? 0 : 1);

/** Every server and PostgreSQL of the tests works below this run's own folder: what still names it was not stopped. */
function leftOver() {
  if (!existsSync('/proc/self')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(folder) ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}
