import {
  Global,
  Module,
  StandardSchemaSerializerInterceptor,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { CommonErrors } from '../../common/common.errors.js';
import { fieldErrorsOf } from '../../common/field-errors.js';
import { Draining } from './draining.js';
import { ProblemFilter } from './problem.filter.js';

/** Schemas check what comes in and what goes out; whatever is thrown becomes a problem document. */
@Global()
@Module({
  providers: [
    Draining,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
    {
      provide: APP_PIPE,
      useFactory: () =>
        new StandardSchemaValidationPipe({
          exceptionFactory: (issues) =>
            CommonErrors.invalid_request(undefined, { errors: fieldErrorsOf(issues) }),
        }),
    },
  ],
  exports: [Draining],
})
export class HttpModule {}
