/** Variables by which LangChain turns on tracing to LangSmith behind our back. */
const VARIABLES = [
  'LANGSMITH_TRACING',
  'LANGSMITH_TRACING_V2',
  'LANGCHAIN_TRACING',
  'LANGCHAIN_TRACING_V2',
  'LANGCHAIN_VERBOSE',
];

/** Removes them from the environment of this process. Traces go only where OTEL_EXPORTER_OTLP_ENDPOINT says. */
export function forgetTracing(env: Record<string, string | undefined> = process.env): void {
  for (const name of VARIABLES) delete env[name];
}
