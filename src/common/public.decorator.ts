import { SetMetadata } from '@nestjs/common';

export const PUBLIC_ROUTE = 'mcp-server:public';

/** Opens a route to callers without a credential. The list of such routes is pinned by a test. */
export const Public = () => SetMetadata(PUBLIC_ROUTE, true);
