import { Injectable } from '@nestjs/common';

/** The only way out of this process. */
@Injectable()
export class Egress {
  readonly fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);
}
