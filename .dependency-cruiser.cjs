/**
 * The import law (docs/architecture.md). `npm run check` and test/architecture run it; a planted violation of each
 * rule is caught by a test.
 */
const npm = (...names) => `node_modules/(${names.join('|')})(/|$)`;

/** Which features a feature may use: all that come before it. `health` may ask all. */
const RINGS = ['audit', 'users', 'sessions', 'auth', 'conversations', 'tools', 'agents', 'runs', 'privacy'];
const DOORS = ['mcp', 'openai', 'a2a'];
const ring = (feature, allowed) => ({
  name: `ring-${feature}`,
  comment: `${feature}/ may use only features below it; a port in its own folder is the way up`,
  severity: 'error',
  from: { path: `^src/${feature}/` },
  to: {
    path: `^src/(${[...RINGS, ...DOORS, 'health', 'cli', 'start'].filter((name) => name !== feature && !allowed.includes(name)).join('|')})/`,
  },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'in ESM a cycle stops the start',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.*/index\\.ts$' } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/(main|cli/main)\\.ts$' },
      to: {},
    },
    {
      name: 'no-tests-in-src',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'common-is-a-leaf',
      severity: 'error',
      from: { path: '^src/common/' },
      to: { path: '^src/', pathNot: '^src/common/' },
    },
    {
      name: 'config-knows-only-common',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/', pathNot: '^src/(config|common)/' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform|config|common)/' },
    },
    ...RINGS.map((feature, index) => ring(feature, RINGS.slice(0, index))),
    ...DOORS.map((feature) => ring(feature, RINGS)),
    {
      name: 'nothing-needs-health',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(health/|app)' },
      to: { path: '^src/health/' },
    },
    {
      name: 'cli-talks-http',
      comment: 'the command line is a client of the server',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: `^src/(${[...RINGS, ...DOORS, 'health', 'start'].join('|')})/|^src/(app|main|migrate)` },
    },
    {
      name: 'controller-only-services',
      comment: 'transport -> service -> repository -> entity',
      severity: 'error',
      from: { path: '\\.(controller|guard|processor)\\.ts$' },
      to: { path: '\\.repository\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'repository-knows-no-transport',
      severity: 'error',
      from: { path: '\\.(repository|entity)\\.ts$' },
      to: { path: '\\.(controller|guard|processor|module|dto)\\.ts$' },
    },
    {
      name: 'service-knows-no-transport',
      severity: 'error',
      from: { path: '\\.service\\.ts$' },
      to: { path: '\\.(controller|guard|processor|module)\\.ts$' },
    },
    {
      name: 'other-features-only-by-service',
      comment: 'a feature offers services, types and errors; its tables are its own',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '\\.repository\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'typeorm-only-in-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.(repository|entity|module)\\.ts$|^src/platform/database/' },
      to: { path: npm('typeorm', '@nestjs/typeorm', 'pg') },
    },
    {
      name: 'langchain-only-in-models-and-engine',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(agents/models|runs/engine)/' },
      to: { path: npm('langchain', '@langchain') },
    },
    {
      name: 'mcp-sdk-only-in-its-doors',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(mcp|tools/sources/mcp)/' },
      to: { path: npm('@modelcontextprotocol') },
    },
    {
      name: 'network-only-in-egress',
      comment: 'types of node:http are free; whatever leaves goes through platform/egress',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/egress/' },
      to: { path: `^(node:)?(http|https|http2)$|${npm('undici')}`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'queue-library-only-in-platform-queue',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/queue/' },
      to: { path: npm('bullmq', 'ioredis') },
    },
    {
      name: 'redis-only-in-platform',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/' },
      to: { path: npm('@redis', 'cache-manager-redis-yet', 'rate-limiter-flexible') },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts'],
    },
  },
};
