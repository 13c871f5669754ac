import { Injectable } from '@nestjs/common';
import { AppError } from '../../../common/app-error.js';
import { Egress } from '../../../platform/egress/egress.js';
import { type ToolResponse } from '../../define-tool.js';
import { AuthorisedFetch } from '../../secrets/authorised-fetch.js';
import { SecretVault } from '../../secrets/secret-vault.service.js';
import { type ToolContext, type ToolDefinition } from '../../tool.js';
import { ToolErrors } from '../../tools.errors.js';
import { buildRequest } from './build-request.js';
import { type HttpSource } from './http-source.schema.js';
import { READABLE_TYPES, readResponse } from './read-response.js';

/** Calls what an `http` source describes. The one way of tools of the kinds `http` and `openapi`. */
@Injectable()
export class HttpCaller {
  constructor(
    private readonly egress: Egress,
    private readonly vault: SecretVault,
    private readonly authorised: AuthorisedFetch,
  ) {}

  /**
   * Checks that the guard lets the URL through and that the secret is bound to it, for a source that is stored now and
   * called later. Throws `egress_denied`, `invalid_tool_source`.
   */
  async check({ url, auth }: HttpSource): Promise<void> {
    const target = this.egress.check(url.replace(/\{[^{}/]*\}/g, 'x'));
    if (auth === undefined) return;
    await this.vault.check(auth.secret, target).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      throw ToolErrors.invalid_tool_source(`source.auth.secret: ${error.message}`);
    });
  }

  /** Sends one call and reads its answer. Ends when `context.signal` aborts. */
  async call(definition: ToolDefinition, args: unknown, { signal }: ToolContext): Promise<ToolResponse> {
    const source = definition.source as unknown as HttpSource;
    const { url, ...request } = buildRequest(source, args as Record<string, unknown>);
    const fetch = this.authorised.with(source.auth, { timeoutMs: null, contentTypes: READABLE_TYPES });
    return readResponse(await fetch(url, { ...request, signal }));
  }
}
