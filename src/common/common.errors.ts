import { defineErrors } from './app-error.js';

/** Errors that belong to no feature: input, limits, overload. */
export const CommonErrors = defineErrors({
  invalid_request: { kind: 'invalid', message: 'The request is not valid; see "errors" for each field.' },
  invalid_json: { kind: 'invalid', message: 'The body is not valid UTF-8 JSON.' },
  json_limits: { kind: 'invalid', message: 'The JSON body is too deep or has too many values.' },
  invalid_cursor: { kind: 'invalid', message: 'The cursor is not one that this list gave out.' },
  route_not_found: { kind: 'not_found', message: 'No such route. The routes are listed in /api/docs.' },
  body_too_large: { kind: 'too_large', message: 'The body is larger than this route accepts.' },
  insufficient_scope: { kind: 'forbidden', message: 'The credential lacks a scope that this needs.' },
  rate_limited: { kind: 'too_many', message: 'Too many requests; wait for the seconds of Retry-After.' },
  unsupported_media_type: { kind: 'unsupported_media', message: 'Send Content-Type: application/json.' },
  host_not_allowed: {
    kind: 'forbidden',
    message: 'This Host is not served here. Add it to ALLOWED_HOSTS if it should be.',
  },
  origin_not_allowed: {
    kind: 'forbidden',
    message: 'This Origin may not call here. Add it to ALLOWED_ORIGINS if it should.',
  },
  draining: { kind: 'unavailable', message: 'This server is shutting down; try again in a moment.' },
  overloaded: { kind: 'unavailable', message: 'The server is busy; try again in a moment.' },
  database_unavailable: {
    kind: 'unavailable',
    message: 'The database does not answer; try again in a moment.',
  },
  internal: { kind: 'internal', message: 'Something went wrong here. The trace id finds it in the log.' },
});
