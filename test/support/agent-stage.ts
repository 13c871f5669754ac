import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { type Character, mindOf } from '../fakes/agent-mind.js';
import { type LlmServer } from '../fakes/llm-server.js';
import { startOpenAiServer } from '../fakes/openai-server.js';
import { readEvents, startRun } from './runs.js';
import { startTestApp, type TestApp } from './test-app.js';

/** A server whose agents speak as their characters say, which each test gives; started and stopped with the suite. */
export class AgentStage {
  characters: Record<string, Character> = {};
  server!: TestApp;
  token = '';
  llm!: LlmServer;

  constructor() {
    beforeAll(async () => {
      this.llm = await startOpenAiServer();
      this.server = await startTestApp({
        LLM_MODEL: 'openai:fake-1',
        OPENAI_BASE_URL: this.llm.url,
        OPENAI_API_KEY: 'sk-test',
      });
      this.token = await this.server.login();
    });
    beforeEach(() => {
      this.characters = {};
      this.llm.think((asked) => mindOf(this.characters)(asked));
    });
    afterAll(async () => {
      await this.server?.stop();
      await this.llm?.close();
    });
  }

  readonly call = (method: string, route: string, body?: unknown) =>
    this.server.call(method, route, { token: this.token, body });

  readonly make = async (name: string, more: object = {}, by = this.token): Promise<void> => {
    const body = { name, description: `Does ${name}.`, instructions: 'You are {{agent}}.', ...more };
    const answer = await this.server.call('POST', '/api/v1/agents', { token: by, body });
    expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  };

  /** A run in a new conversation, to its end. */
  readonly run = async (agent: string, body: object = {}, by = this.token) => {
    const made = await startRun(this.server, by, { input: 'Do it', agent, ...body });
    return this.finish(made.run.id, made.conversationId, by);
  };

  /** The next run of a conversation. */
  readonly goOn = async (conversationId: string, agent: string, input: string) => {
    const route = `/api/v1/conversations/${conversationId}/runs`;
    const { body } = await this.call('POST', route, { input, agent });
    return this.finish(body.id, conversationId);
  };

  private async finish(runId: string, conversationId: string, token = this.token) {
    const route = `/api/v1/runs/${runId}`;
    const { body: run } = await this.server.call('GET', `${route}/wait?timeoutMs=20000`, { token });
    const events = await readEvents(`${this.server.url}${route}/events`, { token });
    return { run, events, conversationId, asked: this.llm.asked() };
  }
}
