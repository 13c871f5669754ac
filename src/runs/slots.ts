/** A bounded number of places; who finds none waits for one, in order. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** Takes a place that is free now; false when there is none. */
  tryTake(): boolean {
    if (this.free <= 0) return false;
    this.free -= 1;
    return true;
  }

  /** Resolves with a place. How many may wait is up to the caller. */
  async take(): Promise<void> {
    if (this.tryTake()) return;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Gives a place back, to the one who waits longest. */
  give(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }

  /** Lets all who wait go on, place or not: there is nothing to wait for any more. */
  open(): void {
    this.free -= this.waiting.length;
    for (const go of this.waiting.splice(0)) go();
  }
}
