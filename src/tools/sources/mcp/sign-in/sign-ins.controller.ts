import { Controller, Delete, Get, Header, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../../../common/app-error.js';
import { type Actor } from '../../../../common/actor.js';
import { CurrentActor } from '../../../../common/current-actor.decorator.js';
import { Public } from '../../../../common/public.decorator.js';
import { Scopes } from '../../../../common/scopes.decorator.js';
import { Timestamp } from '../../../../common/timestamp.js';
import { named } from '../../../../platform/http/openapi.js';
import { Returns, ReturnsNothing } from '../../../../platform/http/returns.decorator.js';
import { callbackPage } from './callback-page.js';
import { SignIns } from './sign-ins.service.js';

const SignInStart = named(
  'McpSignInStart',
  z.object({ authorizationUrl: z.url().describe('To be opened in a browser within 10 minutes.') }),
);
const SignInStatus = named(
  'McpSignInStatus',
  z.object({
    signedIn: z.boolean(),
    scope: z.string().nullable().describe('What was granted, if it was told.'),
    renewedAt: Timestamp.nullable().describe('When its tokens were last given or renewed.'),
    pending: z.boolean().describe('One was begun, and the person has not come back yet.'),
  }),
);
/** RFC 6749 section 4.1.2 and RFC 9207; what else an authorization server adds is left alone. */
const CallbackQuery = z.object({
  state: z.string().min(1).max(4_096).describe('Made by POST …/sign-in.'),
  code: z.string().max(4_096).optional().describe('The authorization code.'),
  iss: z.string().max(2_048).optional().describe('The issuer, RFC 9207.'),
  error: z.string().max(200).optional().describe('Why there is no code.'),
  confirm: z.literal('yes').optional().describe('Set by the link of the page that asks.'),
});
type CallbackQuery = z.infer<typeof CallbackQuery>;
const Page = z.string().describe('A page for a browser.');
const Id = z.uuid();

@ApiTags('mcp-servers')
@Controller('api/v1/mcp-servers')
export class SignInsController {
  constructor(private readonly signIns: SignIns) {}

  /** The person is asked first: whoever sends him a link must not get his access. No `@Returns`: it is a page. */
  @Get('oauth/callback')
  @Public()
  @ApiOperation({ summary: 'Where an authorization server sends a person back to' })
  @ApiResponse({ status: 200, standardSchema: Page })
  @Header('Cache-Control', 'no-store')
  @Header('Referrer-Policy', 'no-referrer')
  async callback(
    @Query({ schema: CallbackQuery }) query: CallbackQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    reply.type('text/html; charset=utf-8');
    try {
      if (query.confirm === undefined && query.error === undefined) return await this.ask(query);
      await this.signIns.finish(query);
      return callbackPage('Signed in', 'You can close this page.');
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      reply.status(400);
      return callbackPage('Not signed in', error.message);
    }
  }

  @Get(':id/sign-in')
  @Scopes('tools:call')
  @ApiOperation({ summary: 'Is there a sign-in that your calls use?' })
  @Returns(SignInStatus)
  status(@CurrentActor() actor: Actor, @Param('id', { schema: Id }) id: string) {
    return this.signIns.status(actor, id);
  }

  @Post(':id/sign-in')
  @Scopes('tools:call')
  @ApiOperation({ summary: 'Begin to sign in at an upstream server' })
  @Returns(SignInStart)
  start(@CurrentActor() actor: Actor, @Param('id', { schema: Id }) id: string) {
    return this.signIns.start(actor, id);
  }

  @Delete(':id/sign-in')
  @Scopes('tools:call')
  @ApiOperation({ summary: 'Sign out at an upstream server' })
  @ReturnsNothing()
  async end(@CurrentActor() actor: Actor, @Param('id', { schema: Id }) id: string) {
    await this.signIns.end(actor, id);
  }

  private async ask(query: CallbackQuery): Promise<string> {
    const { server, account } = await this.signIns.describe(query.state);
    const { confirm: _, ...answer } = query;
    const href = `?${new URLSearchParams({ ...answer, confirm: 'yes' }).toString()}`;
    const text = `The mcp-server account ${account} will be able to use your access to the MCP server ${server}. Go on only if that account is yours.`;
    return callbackPage('Connect your account?', text, { href, text: `Connect it to ${account}` });
  }
}
