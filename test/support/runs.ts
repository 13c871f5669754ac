import { createParser } from 'eventsource-parser';
import { loadLangChain } from '../../src/runs/engine/langchain.js';
import { type TestApp } from './test-app.js';

export interface StreamedEvent {
  readonly id: number;
  readonly type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read any shape; a wrong one fails the assertion
  readonly data: any;
  /** When it was read. */
  readonly at: number;
}

/** Reads a stream of run events until it ends, or until `stop` says so. */
export async function readEvents(
  url: string,
  options: {
    token: string;
    lastEventId?: number;
    init?: RequestInit;
    stop?: (event: StreamedEvent) => boolean;
  },
): Promise<StreamedEvent[]> {
  const { token, lastEventId, init = {}, stop } = options;
  const abort = new AbortController();
  const events: StreamedEvent[] = [];
  const response = await fetch(url, {
    ...init,
    signal: abort.signal,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
      ...(init.headers as Record<string, string>),
    },
  });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const parser = createParser({
    onEvent: (event) => {
      if (abort.signal.aborted) return;
      const read = {
        id: Number(event.id),
        type: event.event ?? '',
        data: JSON.parse(event.data),
        at: performance.now(),
      };
      events.push(read);
      if (stop?.(read) === true) abort.abort();
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body)
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return events;
}

/** Starts a run of a new conversation and returns both. */
export async function startRun(
  server: Pick<TestApp, 'call'>,
  token: string,
  body: Record<string, unknown>,
): Promise<{ conversationId: string; run: { id: string } }> {
  const conversation = await server.call('POST', '/api/v1/conversations', { token, body: {} });
  const conversationId = conversation.body.id as string;
  const answer = await server.call('POST', `/api/v1/conversations/${conversationId}/runs`, { token, body });
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return { conversationId, run: answer.body };
}

/** Loads LangChain before a server starts: under Jest that takes seconds, in which nothing else happens. */
export async function warmUp(): Promise<void> {
  await loadLangChain();
}
