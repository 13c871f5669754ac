import { Global, Module } from '@nestjs/common';
import { Cursors } from './cursors.js';
import { Envelopes } from './envelope.js';
import { KeyRing } from './key-ring.js';
import { Sealer } from './sealer.js';

@Global()
@Module({
  providers: [KeyRing, Cursors, Envelopes, Sealer],
  exports: [KeyRing, Cursors, Envelopes, Sealer],
})
export class SecretsModule {}
