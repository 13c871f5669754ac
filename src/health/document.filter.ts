import { type ArgumentsHost, Catch, type ExceptionFilter, ServiceUnavailableException } from '@nestjs/common';
import { type FastifyReply } from 'fastify';

/** Health routes answer 503 with their own document (Terminus throws it), not with a problem. */
@Catch(ServiceUnavailableException)
export class DocumentFilter implements ExceptionFilter<ServiceUnavailableException> {
  catch(thrown: ServiceUnavailableException, host: ArgumentsHost): void {
    void host
      .switchToHttp()
      .getResponse<FastifyReply>()
      .status(503)
      .header('cache-control', 'no-store')
      .send(thrown.getResponse());
  }
}
