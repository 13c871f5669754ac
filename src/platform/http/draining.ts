import { Injectable } from '@nestjs/common';

/** Is this process shutting down? From the first signal on, new work is refused and running work is handed back. */
@Injectable()
export class Draining {
  private readonly controller = new AbortController();

  /** Aborts when draining begins. */
  readonly signal: AbortSignal = this.controller.signal;

  get active(): boolean {
    return this.signal.aborted;
  }

  begin(): void {
    this.controller.abort();
  }
}
