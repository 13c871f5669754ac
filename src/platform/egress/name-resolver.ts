import { lookup, type LookupAddress } from 'node:dns';
import { Injectable } from '@nestjs/common';

export type Lookup = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Asks the system's resolver. A provider of its own, so that a test can answer for a name that changes its address. */
@Injectable()
export class NameResolver {
  lookup: Lookup = lookup;
}
