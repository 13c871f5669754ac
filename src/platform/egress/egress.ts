import { Injectable } from '@nestjs/common';

/** The only way out of this process. */
@Injectable()
export class Egress {
  readonly fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

  /** The fetch for a URL of the operator's own configuration: it may reach that host and port although not public. */
  forOperator(_url: string): typeof globalThis.fetch {
    return this.fetch;
  }
}
