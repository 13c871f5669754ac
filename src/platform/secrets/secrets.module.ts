import { Global, Module } from '@nestjs/common';
import { Cursors } from './cursors.js';
import { KeyRing } from './key-ring.js';
import { Sealer } from './sealer.js';

@Global()
@Module({ providers: [KeyRing, Cursors, Sealer], exports: [KeyRing, Cursors, Sealer] })
export class SecretsModule {}
