import { SetMetadata } from '@nestjs/common';
import { type Scope } from './actor.js';

export const REQUIRED_SCOPES = 'mcp-server:scopes';

/** The scopes that a caller needs for a route, all of them. Without one: 403 `insufficient_scope`. */
export const Scopes = (...scopes: Scope[]) => SetMetadata(REQUIRED_SCOPES, scopes);
