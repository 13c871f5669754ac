import { Command, CommanderError } from 'commander';
import { type CliEnv, readCliEnv } from '../config/cli-env.js';
import { EX_SOFTWARE, EX_USAGE } from '../config/exit-codes.js';
import { VERSION } from '../config/version.js';
import { registerAgents } from './agents.js';
import { registerApprovals } from './approvals.js';
import { registerChat } from './chat.js';
import { CliError } from './cli-error.js';
import { registerConversations } from './conversations.js';
import { registerDoctor } from './doctor.js';
import { registerLogin } from './login.js';
import { registerMigrate } from './migrate.js';
import { registerMcp } from './mcp.js';
import { registerMcpServers } from './mcp-servers.js';
import { registerNew } from './new.js';
import { plain } from './output.js';
import { registerRuns } from './runs.js';
import { registerSecrets } from './secrets.js';
import { registerSchedules } from './schedules.js';
import { registerStart } from './start.js';
import { registerStatus } from './status.js';
import { registerTools } from './tools.js';
import { registerUsage } from './usage.js';
import { registerUser } from './user.js';
import { registerWorkspace } from './workspace.js';
import { registerWebhooks } from './webhooks.js';

const COMMANDS: readonly ((program: Command, env: CliEnv) => void)[] = [
  registerStart,
  registerMigrate,
  registerDoctor,
  registerStatus,
  registerLogin,
  registerChat,
  registerTools,
  registerSecrets,
  registerAgents,
  registerConversations,
  registerRuns,
  registerWebhooks,
  registerUsage,
  registerApprovals,
  registerSchedules,
  registerUser,
  registerWorkspace,
  registerNew,
  registerMcp,
  registerMcpServers,
];

/** Runs the command line and returns its exit code (docs/configuration.md lists them). */
export async function run(argv: readonly string[]): Promise<number> {
  // `mcp-server … | head` closes the pipe early; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  const program = new Command('mcp-server')
    .description('Command line of mcp-server. Most commands talk to a running server.')
    .version(VERSION)
    .option('--url <url>', 'the server (default: MCP_SERVER_URL, else http://127.0.0.1:${PORT:-8000})')
    .option('--token <token>', 'access token or API key (default: MCP_SERVER_TOKEN, else the stored login)')
    .option('--json', 'results as JSON')
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  try {
    const env = readCliEnv();
    for (const register of COMMANDS) register(program, env);
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EX_USAGE;
  if (error instanceof CliError) {
    process.stderr.write(`mcp-server: ${plain(error.message)}\n`);
    return error.exitCode;
  }
  process.stderr.write(
    `mcp-server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EX_SOFTWARE;
}
