import { Body, Controller, Get, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { type Actor } from '../common/actor.js';
import { CurrentActor } from '../common/current-actor.decorator.js';
import { Public } from '../common/public.decorator.js';
import { Returns } from '../platform/http/returns.decorator.js';
import { LoginRequest, Me, TokenPair } from './auth.dto.js';
import { AuthService } from './auth.service.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('login')
  @Public()
  @ApiOperation({ summary: 'Open a login session' })
  @Returns(TokenPair)
  login(@Body({ schema: LoginRequest }) body: LoginRequest, @Req() request: FastifyRequest) {
    return this.auth.login(body, {
      device: request.headers['user-agent']?.slice(0, 256) ?? null,
      ip: request.ip,
    });
  }

  @Get('me')
  @ApiOperation({ summary: 'The caller' })
  @Returns(Me)
  me(@CurrentActor() actor: Actor) {
    return this.auth.me(actor);
  }
}
