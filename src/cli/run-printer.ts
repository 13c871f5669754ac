import { type ServerEvent } from './api-client.js';
import { type Output } from './output.js';

/** How a run ended, for the exit code. */
export type RunEnd = 'completed' | 'failed' | 'cancelled' | 'expired' | 'requires_action';

interface EventData {
  readonly agent?: { readonly name: string; readonly path: string };
  readonly text?: string;
  readonly tool?: string;
  readonly arguments?: unknown;
  readonly durationMs?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Longer arguments are cut: the whole is in `runs show`. */
const ARGUMENTS_SHOWN = 160;

/** Prints the events of one run: the answer to stdout as it streams, what agents and tools do to stderr. */
export class RunPrinter {
  /** The end of the run, once it is known. */
  end?: RunEnd;
  /** Number of the last event. */
  last = 0;
  private answer = '';

  constructor(private readonly out: Output) {}

  print(event: ServerEvent): void {
    this.last = Number(event.id);
    if (event.type.startsWith('run.')) this.noteEnd(event);
    if (this.out.json) {
      process.stdout.write(`${JSON.stringify({ id: event.id, event: event.type, ...event.data })}\n`);
      return;
    }
    const data = event.data as EventData;
    const level = (data.agent?.path ?? '').split('>').length - 1;
    const indent = '  '.repeat(level);
    switch (event.type) {
      case 'agent.started':
        if (level > 0) this.note(`${indent}-> ${data.agent?.name}`);
        break;
      case 'tool_call.started':
        this.note(`${indent}   ${data.tool} ${shorten(data.arguments)}`);
        break;
      case 'tool_call.completed':
        this.note(`${indent}   ${data.tool} done${timeOf(data)}`);
        break;
      case 'tool_call.failed':
        this.note(`${indent}   ${data.tool} failed${timeOf(data)}`);
        break;
      case 'message.delta':
        if (level === 0) this.write(data.text ?? '');
        break;
      case 'message.reset':
        // What was streamed is void; a terminal cannot take it back, so the answer starts on a new line.
        if (level === 0) this.finishLine();
        break;
      case 'message.completed':
        if (level === 0) this.finishLine();
        break;
      case 'run.failed':
        this.note(`The run failed (${data.error?.code}): ${data.error?.message}`);
        break;
      case 'approval.requested':
        this.note(`${indent}   ${data.tool} ${shorten(data.arguments)} waits for your word`);
        break;
      case 'run.cancelled':
        this.note('Cancelled');
        break;
      default:
        break;
    }
  }

  private noteEnd({ type }: ServerEvent): void {
    const end = type.slice('run.'.length);
    if (/^(completed|failed|cancelled|expired|requires_action)$/.test(end)) this.end = end as RunEnd;
  }

  private write(text: string): void {
    this.answer += text;
    this.out.text(text);
  }

  private note(text: string): void {
    this.finishLine();
    this.out.note(text);
  }

  private finishLine(): void {
    if (this.answer !== '' && !this.answer.endsWith('\n')) this.out.line();
    this.answer = '';
  }
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > ARGUMENTS_SHOWN ? `${text.slice(0, ARGUMENTS_SHOWN)}…` : text;
}

function timeOf({ durationMs }: EventData): string {
  return durationMs === undefined ? '' : ` (${Math.round(durationMs)} ms)`;
}
