import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Actor } from './actor.js';

/** The caller, as the global guard found him. On a public route without a credential it is undefined. */
export const CurrentActor = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<{ actor?: Actor }>().actor,
);
