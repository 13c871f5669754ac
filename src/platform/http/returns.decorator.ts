import { applyDecorators, HttpCode, SerializeOptions } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { type z } from 'zod';

/**
 * What a route answers: one schema checks the response on its way out, cuts what it does not name, and documents it.
 * Lists are described by an object schema (`pageOf(item)`).
 */
export function Returns(schema: z.ZodType, status = 200): MethodDecorator {
  return applyDecorators(
    HttpCode(status),
    ApiResponse({ status, standardSchema: schema }),
    SerializeOptions({ schema }),
  );
}

/** A route that answers 204 with no body. */
export function ReturnsNothing(): MethodDecorator {
  return applyDecorators(HttpCode(204), ApiResponse({ status: 204, description: 'Done.' }));
}
