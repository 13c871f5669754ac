import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { type Env } from '../../config/env.js';
import { secretMask } from './secret-mask.js';

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'refreshToken',
  'accessToken',
  'apiKey',
  'secret',
];

/**
 * The logger of a process: JSON lines, or readable text on a terminal. Fields that hold credentials are cut, and the
 * values of this server's own secrets wherever they stand: an upstream may quote a key in its error. [S61]
 */
export function makeLogger(env: Env, destination?: DestinationStream): Logger {
  const pretty = env.LOG_FORMAT === 'pretty' || (env.LOG_FORMAT === 'auto' && process.stdout.isTTY);
  const options = {
    level: env.LOG_LEVEL,
    base: { service: 'mcp-server' },
    redact: {
      paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
    hooks: { streamWrite: secretMask(env) },
    ...(pretty && {
      transport: {
        target: 'pino-pretty',
        options: {
          ignore: 'pid,hostname,service,context',
          messageFormat: '{if context}{context}: {end}{msg}',
        },
      },
    }),
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** What the framework tells of its own wiring; only of interest at debug level. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Sends what Nest and our classes log (`new Logger('Context')`) to pino as structured lines. */
export class PinoLoggerService implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const isFramework = FRAMEWORK.has(String(rest.at(-1)));
    this.write(isFramework ? 'debug' : 'info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes the context as the last argument, and for errors a stack before it. */
  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const error = [message, ...rest].find((value): value is Error => value instanceof Error);
    const fields = typeof message === 'object' && !(message instanceof Error) ? message : {};
    const text = message instanceof Error ? message.message : textOf(message, rest.slice(0, -1));
    this.logger[level]({ ...fields, context, ...(error && { err: error }) }, text);
  }
}

/** The text of a line: the message itself, or what follows fields that come first, as pino takes them. */
function textOf(message: unknown, rest: readonly unknown[]): string | undefined {
  if (typeof message === 'string') return message;
  return rest.find((value): value is string => typeof value === 'string');
}
