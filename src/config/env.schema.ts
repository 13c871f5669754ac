import { z } from 'zod';

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const decimal = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be a number such as 2.50')
  .transform(Number);

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const url = (...protocols: string[]) =>
  z.string().refine(
    (value) => {
      try {
        return protocols.includes(new URL(value).protocol);
      } catch {
        return false;
      }
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );

const origin = url('http:', 'https:').refine(
  (value) => URL.canParse(value) && new URL(value).pathname === '/' && new URL(value).search === '',
  'must be an origin only, such as https://assistant.example.com',
);

const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

/** `id:base64` pairs, 32 bytes each. The first encrypts, all decrypt. */
const keyRing = list.refine(
  (items) =>
    items.length > 0 &&
    new Set(items.map((item) => item.split(':')[0])).size === items.length &&
    items.every((item) => {
      const [id, key, ...rest] = item.split(':');
      return (
        rest.length === 0 &&
        /^[A-Za-z0-9_-]{1,32}$/.test(id ?? '') &&
        Buffer.from(key ?? '', 'base64').length === 32
      );
    }),
  'must be id:base64 pairs separated by commas, each key 32 bytes; make one with  echo "k1:$(openssl rand -base64 32)"',
);

/**
 * Every environment variable, with its default and meaning. docs/configuration.md is generated from it.
 * A variable that is not here does not exist.
 */
export const ENV_SCHEMA = z.object({
  NODE_ENV: oneOf('development', 'production', 'test')
    .default('development')
    .describe('`production`, like a non-loopback HOST, refuses weak secrets and unverified TLS.'),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:-]+$/, 'must be an IP address or a host name')
    .default('127.0.0.1')
    .describe('Address to listen on. A non-loopback one needs PUBLIC_URL.'),
  PORT: integer(0, 65535)
    .default(8000)
    .describe('Port to listen on. A taken port ends the start with exit code 78.'),
  ROLE: oneOf('all', 'api', 'worker')
    .default('all')
    .describe('`api` serves requests only, `worker` runs agents only (it listens for /health* and metrics).'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('.data')
    .describe('Folder of the embedded database and of generated keys.'),
  DATABASE_URL: url('postgres:', 'postgresql:')
    .optional()
    .describe('PostgreSQL 14 or newer. Unset: an embedded PostgreSQL 18 in DATA_DIR.'),
  DATABASE_DIRECT_URL: url('postgres:', 'postgresql:')
    .optional()
    .describe(
      'The same database without a pooler, for migrations and LISTEN. Unset: DATABASE_URL is no pooler, and statements are prepared.',
    ),
  DATABASE_SSL: oneOf('disable', 'require', 'verify-full')
    .default('disable')
    .describe(
      'TLS to the database. `require` encrypts without verifying; production should use `verify-full`.',
    ),
  DATABASE_CA_FILE: z
    .string()
    .optional()
    .describe('PEM file of the CA that signed the database certificate.'),
  DATABASE_POOL: integer(2, 500).default(10).describe('Connections of the pool of this process.'),
  REDIS_URL: url('redis:', 'rediss:')
    .optional()
    .describe(
      'Redis 7 or newer for cache, temporary context, rate limits and events. Unset: memory and PostgreSQL.',
    ),
  QUEUE: oneOf('postgres', 'redis').default('postgres').describe('Where queued work waits.'),
  QUEUE_REDIS_URL: url('redis:', 'rediss:')
    .optional()
    .describe('Redis of the queue (maxmemory-policy noeviction), needed by QUEUE=redis.'),
  PUBLIC_URL: origin
    .optional()
    .describe('Origin that clients use, e.g. https://assistant.example.com. Default: from HOST and PORT.'),
  ALLOWED_HOSTS: list.default([]).describe('More Host header values to accept, separated by commas.'),
  ALLOWED_ORIGINS: list
    .default([])
    .describe('Browser origins that may call /api, /v1 and /mcp (CORS), separated by commas.'),
  TRUST_PROXY_HOPS: integer(0, 10)
    .default(0)
    .describe('Reverse proxies in front, whose X-Forwarded-For is believed.'),
  ADMIN_EMAIL: z
    .email('must be an e-mail address')
    .default('admin@localhost.localdomain')
    .describe('E-mail of the first admin.'),
  ADMIN_PASSWORD: z
    .string()
    .min(12, 'must have 12 to 128 characters')
    .max(128, 'must have 12 to 128 characters')
    .optional()
    .describe('Password of the first admin. Unset: a random one, printed once on a terminal.'),
  REGISTRATION: oneOf('closed', 'open').default('closed').describe('`open` lets anyone make an account.'),
  ENCRYPTION_KEYS: keyRing
    .optional()
    .describe(
      'Key ring `id:base64,…` (32 bytes each); the first encrypts. Generated in DATA_DIR on the embedded default.',
    ),
  LLM_MODEL: z
    .string()
    .regex(
      /^(builtin:planner|(openai|anthropic|google|azure|mistral|groq|bedrock):.+)$/,
      'must be builtin:planner or <provider>:<model> with openai, anthropic, google, azure, mistral, groq or bedrock, e.g. openai:gpt-5-mini',
    )
    .default('builtin:planner')
    .describe('Model of agents that name none. `builtin:planner` is rule-based, not an LLM.'),
  LLM_FALLBACKS: list
    .refine(
      (models) =>
        models.every((model) => /^(openai|anthropic|google|azure|mistral|groq|bedrock):.+$/.test(model)),
      'must be <provider>:<model>, separated by commas; rules never stand in for an LLM',
    )
    .default([])
    .describe('Models to try next when one fails, separated by commas.'),
  OPENAI_API_KEY: z.string().optional().describe('Key of OpenAI or of a compatible server.'),
  OPENAI_BASE_URL: url('http:', 'https:')
    .optional()
    .describe('Base URL of an OpenAI-compatible server (vLLM, Ollama, LM Studio).'),
  OPENAI_API: oneOf('auto', 'chat', 'responses')
    .default('auto')
    .describe(
      'API that models of `openai:` and `azure:` are asked by: `chat` completions, `responses`, or `auto`: chat completions until the server says that a model needs the other one.',
    ),
  ANTHROPIC_API_KEY: z.string().optional().describe('Key of Anthropic.'),
  ANTHROPIC_BASE_URL: url('http:', 'https:')
    .optional()
    .describe('Base URL of an Anthropic-compatible server.'),
  ANTHROPIC_PROMPT_CACHE: oneOf('on', 'off')
    .default('on')
    .describe('Lets Anthropic keep instructions, tools and earlier messages in its prompt cache.'),
  GOOGLE_API_KEY: z.string().optional().describe('Key of the Gemini API.'),
  GOOGLE_BASE_URL: url('http:', 'https:')
    .optional()
    .describe('Base URL of a server that speaks the Gemini API.'),
  AZURE_OPENAI_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe('Azure OpenAI resource, e.g. https://<name>.openai.azure.com; models are azure:<deployment>.'),
  AZURE_OPENAI_API_KEY: z.string().optional().describe('Key of the Azure OpenAI resource.'),
  MISTRAL_API_KEY: z
    .string()
    .optional()
    .describe('Key of Mistral; needs `npm install @langchain/mistralai`.'),
  GROQ_API_KEY: z.string().optional().describe('Key of Groq; needs `npm install @langchain/groq`.'),
  AWS_REGION: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be a region such as eu-central-1')
    .optional()
    .describe(
      'Region of Amazon Bedrock; needs `npm install @langchain/aws`, which finds credentials by itself.',
    ),
  MODEL_CACHE_SECONDS: integer(0, 86_400)
    .default(0)
    .describe(
      'How long the answer to an identical model call of the same user is used again, for agents with temperature 0. 0: off.',
    ),
  MODEL_PRICES_FILE: z
    .string()
    .optional()
    .describe(
      'YAML or JSON: US dollars per million tokens of each model, over the list prices that come along.',
    ),
  BUDGET_TOKENS_PER_DAY: integer(1, 1_000_000_000_000)
    .optional()
    .describe('Tokens that each user may spend in a day (UTC). Unset: no budget.'),
  BUDGET_USD_PER_DAY: decimal
    .optional()
    .describe('US dollars that each user may spend on models in a day (UTC). Unset: no budget.'),
  EXTENSIONS_DIR: z
    .string()
    .min(1)
    .default('extensions')
    .describe('Folder of your own *.tool.mjs and *.agent.yaml.'),
  MCP_SERVERS_FILE: z
    .string()
    .optional()
    .describe('A stock `mcpServers` JSON; the only way to stdio upstreams.'),
  SQL_DATABASES_FILE: z
    .string()
    .optional()
    .describe(
      'JSON or YAML list of PostgreSQL databases that `sql` tools may read, by a read-only role each.',
    ),
  WORKSPACE_DIRS: list
    .default([])
    .describe('Folders that file and git tools may read, separated by commas. Default: the start folder.'),
  WORKSPACE_MAX_MB: integer(1, 100_000)
    .default(1_024)
    .describe(
      'Largest remote repository that `workspace add` takes: what is sent, and what its files unpack to.',
    ),
  EGRESS_ALLOW: list
    .default([])
    .describe('`host:port` and CIDR entries that the egress guard lets through although not public.'),
  LEASE_SECONDS: integer(5, 600)
    .default(30)
    .describe('Lease of a running run; another worker takes over after it.'),
  APPROVAL_SECONDS: integer(1, 86_400)
    .default(900)
    .describe('How long a tool call waits for the word of its user; then it is refused and the run goes on.'),
  RUN_EVENT_DAYS: integer(0, 3650)
    .default(30)
    .describe('How long a run keeps its events and what its steps said, after it has ended; 0 is for ever.'),
  RUN_DAYS: integer(0, 3650)
    .default(365)
    .describe('How long a run without a conversation is kept after it has ended; 0 is for ever.'),
  TOOL_CALL_DAYS: integer(0, 3650)
    .default(90)
    .describe('How long the records of tool calls are kept; 0 is for ever.'),
  RUN_CONCURRENCY: integer(1, 200).default(10).describe('Runs at once per worker.'),
  RATE_LIMIT_PER_MINUTE: integer(1, 1_000_000).default(600).describe('Requests per minute and caller.'),
  SHUTDOWN_SECONDS: integer(1, 300)
    .default(20)
    .describe('How long a stop waits for running work before it is handed back.'),
  METRICS_HOST: z.string().optional().describe('Address of the metrics listener. Default: HOST.'),
  METRICS_PORT: integer(0, 65535)
    .default(9464)
    .describe('Port of GET /metrics; 0 turns it off, a taken one is a warning.'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .describe('Least level that is logged.'),
  LOG_FORMAT: oneOf('auto', 'json', 'pretty')
    .default('auto')
    .describe('`auto` is pretty on a terminal, else JSON lines.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe('OTLP/HTTP collector for traces. Unset: off.'),
});
