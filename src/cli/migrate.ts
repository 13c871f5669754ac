import { type Command } from 'commander';
import { runProgram } from './start.js';

export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date without starting the server')
    .action(async () => {
      process.exitCode = await runProgram('dist/src/migrate.js');
    });
}
