import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../common/public.decorator.js';
import { ENV, type Env, publicUrl } from '../config/env.js';
import { named } from '../platform/http/openapi.js';
import { Returns } from '../platform/http/returns.decorator.js';

/** RFC 9728 section 2. */
const ProtectedResource = named(
  'ProtectedResource',
  z.object({
    resource: z.url().describe('The identifier of the resource: the URL that MCP clients are given.'),
    resource_name: z.string(),
    bearer_methods_supported: z.array(z.string()),
    scopes_supported: z.array(z.string()),
    resource_documentation: z.url(),
  }),
);

/** What a client of the door may ask for. Managing and administration are not for MCP clients. */
const MCP_SCOPES = ['mcp', 'tools:read', 'tools:call', 'agents:read', 'conversations', 'runs'];

/**
 * What protects /mcp (RFC 9728). `authorization_servers` is absent while this server has none: section 2 makes it
 * optional, and a client that reads an issuer there would try to log in at it. Credentials are API keys until then.
 */
@ApiTags('mcp')
@Public()
@Controller('.well-known/oauth-protected-resource')
export class ProtectedResourceController {
  constructor(@Inject(ENV) private readonly env: Env) {}

  /** Some clients look only here, although the resource has a path. */
  @Get()
  @ApiOperation({ summary: 'OAuth protected resource metadata of /mcp (RFC 9728)' })
  @Returns(ProtectedResource)
  atRoot() {
    return this.metadata();
  }

  @Get('mcp')
  @ApiOperation({
    summary: 'OAuth protected resource metadata of /mcp, at the path that RFC 9728 section 3.1 forms',
  })
  @Returns(ProtectedResource)
  atPath() {
    return this.metadata();
  }

  private metadata(): z.infer<typeof ProtectedResource> {
    const origin = publicUrl(this.env);
    return {
      resource: `${origin}/mcp`,
      resource_name: 'mcp-server',
      bearer_methods_supported: ['header'],
      scopes_supported: MCP_SCOPES,
      resource_documentation: `${origin}/api/docs`,
    };
  }
}
