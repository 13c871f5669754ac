import { Global, Module } from '@nestjs/common';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import { RateLimiter } from './rate-limiter.js';
import { RequestLimit } from './request-limit.js';

@Global()
@Module({
  providers: [{ provide: RateLimiter, useClass: MemoryRateLimiter }, RequestLimit],
  exports: [RateLimiter, RequestLimit],
})
export class RateLimitModule {}
