import { type ApiClient } from './api-client.js';
import { type Evaluation, type EvaluationCase, judge, type Outcome } from './evaluation.js';
import { type Output } from './output.js';
import { everything } from './pages.js';

interface Run {
  readonly id: string;
  readonly status: string;
  readonly output?: { readonly text: string; readonly structured?: unknown };
  readonly error?: { readonly code: string; readonly message: string };
  readonly usage: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly modelCalls: number;
    readonly costUsd: number;
  };
}

interface Step {
  readonly kind: 'model' | 'tool' | 'agent';
  readonly name: string;
}

/** One judged case. */
export interface CaseReport extends Outcome {
  readonly name: string;
  readonly runId: string;
  readonly passed: boolean;
  readonly reasons: readonly string[];
}

export interface EvaluationReport {
  readonly passed: number;
  readonly failed: number;
  readonly totals: {
    readonly tokens: number;
    readonly costUsd: number;
    readonly toolCalls: number;
    readonly durationMs: number;
  };
  readonly cases: readonly CaseReport[];
}

const OPEN: ReadonlySet<string> = new Set(['queued', 'running', 'cancelling']);

/** Runs the cases one after the other, each without a conversation, and judges them. */
export async function evaluate(
  api: ApiClient,
  evaluation: Evaluation,
  { agent, simulate, tell }: { agent?: string; simulate?: boolean; tell: (report: CaseReport) => void },
): Promise<EvaluationReport> {
  const cases: CaseReport[] = [];
  for (const [index, one] of evaluation.cases.entries()) {
    const { run, outcome } = await runCase(api, one, agent ?? one.agent ?? evaluation.agent, simulate);
    const reasons = judge(one, outcome);
    const name = one.name ?? `case ${index + 1}`;
    const report = { name, runId: run.id, passed: reasons.length === 0, reasons, ...outcome };
    cases.push(report);
    tell(report);
  }
  const sum = (of: (report: CaseReport) => number) => cases.reduce((total, report) => total + of(report), 0);
  return {
    passed: sum(({ passed }) => (passed ? 1 : 0)),
    failed: sum(({ passed }) => (passed ? 0 : 1)),
    totals: {
      tokens: sum(({ tokens }) => tokens),
      costUsd: sum(({ costUsd }) => costUsd),
      toolCalls: sum(({ tools }) => tools.length),
      durationMs: sum(({ durationMs }) => durationMs),
    },
    cases,
  };
}

async function runCase(
  api: ApiClient,
  { input, variables }: EvaluationCase,
  agent: string | undefined,
  simulate: boolean | undefined,
): Promise<{ run: Run; outcome: Outcome }> {
  const begun = performance.now();
  const body = { input, agent, variables, simulate, metadata: { evaluation: true } };
  let run = await api.post<Run>('/api/v1/runs', body);
  const route = `/api/v1/runs/${run.id}`;
  while (OPEN.has(run.status)) run = await api.get<Run>(`${route}/wait?timeoutMs=20000`);
  const durationMs = Math.round(performance.now() - begun);
  // Nobody is there to answer what an agent asks.
  if (run.status === 'requires_action') await api.post(`${route}/cancel`);
  const steps = await everything<Step>(api, `${route}/steps`);
  const tools = steps.flatMap(({ kind, name }) =>
    kind === 'model' ? [] : [kind === 'agent' ? `ask_${name}` : name],
  );
  const { inputTokens, outputTokens, modelCalls, costUsd } = run.usage;
  return {
    run,
    outcome: {
      ...{ status: run.status, text: run.output?.text ?? '', structured: run.output?.structured },
      ...(run.error !== undefined && { error: run.error }),
      ...{ tools, modelCalls, tokens: inputTokens + outputTokens, costUsd, durationMs },
    },
  };
}

/** One line a case, with the reasons of those that failed. */
export function printCase(
  out: Output,
  { passed, name, reasons, tools, tokens, durationMs, runId }: CaseReport,
): void {
  const used = tools.length > 0 ? ` · ${tools.join(', ')}` : '';
  out.line(`${passed ? 'ok  ' : 'FAIL'}  ${name}  (${durationMs} ms, ${tokens} tokens${used})`);
  for (const reason of reasons) out.line(`      ${reason}`);
  if (!passed) out.line(`      run ${runId}`);
}
