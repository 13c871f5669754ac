import { Module } from '@nestjs/common';
import { type Gauge } from 'prom-client';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../../audit/audit.module.js';
import { Metrics } from '../../../platform/telemetry/metrics.js';
import { StatusReport } from '../../../platform/telemetry/status-report.js';
import { UsersModule } from '../../../users/users.module.js';
import { VaultModule } from '../../secrets/secrets.module.js';
import { ToolsModule } from '../../tools.module.js';
import { McpServerRow } from './mcp-server.entity.js';
import { McpServersController } from './mcp-servers.controller.js';
import { McpServersRepository } from './mcp-servers.repository.js';
import { McpServersSection } from './mcp-servers.section.js';
import { McpServersService } from './mcp-servers.service.js';
import { McpTools } from './mcp-tools.source.js';
import { ServersFile } from './servers-file.js';
import { SignInEffects } from './sign-in/sign-in-effects.js';
import { SignInProviders } from './sign-in/sign-in-providers.js';
import { SignInStore } from './sign-in/sign-in-store.js';
import { SignInsController } from './sign-in/sign-ins.controller.js';
import { SignIns } from './sign-in/sign-ins.service.js';
import { UpstreamConnections } from './upstream-connections.service.js';
import { UpstreamFetch } from './upstream-fetch.js';
import { UpstreamOpener } from './upstream-opener.js';
import { UpstreamRegistration } from './upstream-registration.js';
import { UpstreamServers } from './upstream-servers.service.js';
import { UpstreamSync } from './upstream-sync.service.js';
import { UpstreamWatch } from './upstream-watch.service.js';

/** Tools of other MCP servers, and the servers themselves. */
@Module({
  imports: [AuditModule, ToolsModule, UsersModule, VaultModule, TypeOrmModule.forFeature([McpServerRow])],
  controllers: [SignInsController, McpServersController],
  providers: [
    McpServersRepository,
    McpServersSection,
    McpServersService,
    McpTools,
    ServersFile,
    SignInEffects,
    SignInProviders,
    SignInStore,
    SignIns,
    UpstreamConnections,
    UpstreamFetch,
    UpstreamOpener,
    UpstreamRegistration,
    UpstreamServers,
    UpstreamSync,
    UpstreamWatch,
  ],
  exports: [McpServersService],
})
export class McpServersModule {
  constructor(
    status: StatusReport,
    metrics: Metrics,
    repository: McpServersRepository,
    connections: UpstreamConnections,
  ) {
    status.add('mcpServers', () => repository.countByState());
    const servers = metrics.gauge({
      name: 'mcp_servers',
      help: 'Upstream MCP servers by state, of the whole installation.',
      labelNames: ['state'],
      // A database that is away must not take the other metrics with it.
      collect: async () => {
        const counts = await repository.countByState().catch(() => ({}));
        for (const [state, count] of Object.entries(counts)) servers.set({ state }, count);
      },
    });
    const open: Gauge = metrics.gauge({
      name: 'mcp_upstream_connections',
      help: 'Open connections of this process to upstream MCP servers.',
      labelNames: [],
      collect: () => {
        open.set(connections.size);
      },
    });
  }
}
