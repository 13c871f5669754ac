import { Global, Module } from '@nestjs/common';
import { Egress } from './egress.js';
import { NameResolver } from './name-resolver.js';

@Global()
@Module({ providers: [Egress, NameResolver], exports: [Egress, NameResolver] })
export class EgressModule {}
