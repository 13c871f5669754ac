/** Wakes one waiting reader. What rings between `next()` and the wait is not lost. */
export class Bell {
  private rings = 0;
  private wake: () => void = () => undefined;

  ring(): void {
    this.rings += 1;
    this.wake();
  }

  next(): (timeoutMs: number) => Promise<void> {
    const seen = this.rings;
    return (timeoutMs) =>
      new Promise((resolve) => {
        if (this.rings !== seen) return resolve();
        const timer = setTimeout(resolve, timeoutMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
  }
}
