import { Body, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Public } from '../common/public.decorator.js';
import { ENV, type Env } from '../config/env.js';
import { Returns, ReturnsNothing } from '../platform/http/returns.decorator.js';
import { type LoginOrigin } from '../sessions/refresh-tokens.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { NewAccount, UserAnswer } from '../users/users.dto.js';
import { AccountService } from './account.service.js';
import { LoginRequest, Me, PasswordChange, RefreshRequest, TokenPair } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { LoginService } from './login.service.js';
import { clearRefreshCookie, deliver, refreshCookie } from './refresh-cookie.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly logins: LoginService,
    private readonly accounts: AccountService,
    private readonly sessions: SessionsService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  @Post('login')
  @Public()
  @ApiOperation({ summary: 'Open a login session' })
  @Returns(TokenPair)
  async login(
    @Body({ schema: LoginRequest }) body: LoginRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const tokens = await this.logins.login(body, originOf(request));
    return deliver(tokens, request, reply, this.env);
  }

  @Post('refresh')
  @Public()
  @ApiOperation({ summary: 'Exchange a refresh token for the next pair of tokens' })
  @Returns(TokenPair)
  async refresh(
    @Body({ schema: RefreshRequest }) body: RefreshRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const given = body.refreshToken ?? refreshCookie(request, this.env) ?? '';
    return deliver(await this.logins.refresh(given), request, reply, this.env);
  }

  @Post('logout')
  @ApiOperation({ summary: 'End this session at once' })
  @ReturnsNothing()
  async logout(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await this.sessions.end(actor, 'current');
    clearRefreshCookie(request, reply, this.env);
  }

  @Post('register')
  @Public()
  @ApiOperation({ summary: 'Make an account, where REGISTRATION=open' })
  @Returns(UserAnswer, 201)
  register(@Body({ schema: NewAccount }) body: NewAccount, @Req() request: FastifyRequest) {
    return this.accounts.register(body, request.ip);
  }

  @Post('password')
  @ApiOperation({ summary: 'Change the password; ends all other sessions' })
  @ReturnsNothing()
  changePassword(
    @CurrentActor() actor: Actor,
    @Body({ schema: PasswordChange }) body: PasswordChange,
    @Req() request: FastifyRequest,
  ) {
    return this.accounts.changePassword(actor, body, request.ip);
  }

  @Get('me')
  @ApiOperation({ summary: 'The caller' })
  @Returns(Me)
  me(@CurrentActor() actor: Actor) {
    return this.auth.me(actor);
  }
}

function originOf(request: FastifyRequest): LoginOrigin {
  return { device: request.headers['user-agent']?.slice(0, 256) ?? null, ip: request.ip };
}
