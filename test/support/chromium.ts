import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable, type Writable } from 'node:stream';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Undefined where no browser is installed. */
export const CHROMIUM = CANDIDATES.find((file) => existsSync(file));

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the protocol's messages have any shape
type Message = any;

/** One page of a headless Chromium, driven through the DevTools protocol over a pipe. */
export class BrowserPage {
  /** URLs that the page asked for. */
  readonly requests: string[] = [];
  private readonly waiting = new Map<number, (message: Message) => void>();
  private sessionId?: string;
  private last = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
    private readonly input: Writable,
    output: Readable,
  ) {
    let text = '';
    output.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const messages = text.split('\0');
      text = messages.pop() ?? '';
      for (const message of messages) this.receive(JSON.parse(message));
    });
  }

  static async open(url: string): Promise<BrowserPage> {
    const profile = mkdtempSync(path.join(tmpdir(), 'mcp-server-browser-'));
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
    ];
    const child = spawn(
      CHROMIUM ?? 'chromium',
      [...flags, '--remote-debugging-pipe', `--user-data-dir=${profile}`],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    const [, , , input, output] = child.stdio;
    const page = new BrowserPage(child, profile, input as Writable, output as Readable);
    const { targetId } = await page.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await page.send('Target.attachToTarget', { targetId, flatten: true });
    page.sessionId = sessionId;
    await page.send('Network.enable');
    await page.send('Page.enable');
    await page.send('Page.navigate', { url });
    return page;
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate(expression: string): Promise<Message> {
    const answer = await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (answer.exceptionDetails !== undefined) throw new Error(JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  }

  /** Waits until an expression is truthy and gives its value. */
  async until(expression: string, ms = 30_000): Promise<Message> {
    for (const deadline = Date.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const value = await this.evaluate(expression);
      if (value) return value;
      if (Date.now() > deadline) throw new Error(`never true in the page: ${expression}`);
    }
  }

  /**
   * Asks the browser to end, so that its own processes end before it: those of a killed browser
   * live on for a while and write into the profile that is being removed.
   */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.sessionId = undefined;
    void this.send('Browser.close').catch(() => undefined);
    const late = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
    await rm(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private send(method: string, params: object = {}): Promise<Message> {
    const id = ++this.last;
    const message = { id, method, params, ...(this.sessionId && { sessionId: this.sessionId }) };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
      );
      this.input.write(`${JSON.stringify(message)}\0`);
    });
  }

  private receive(message: Message): void {
    if (message.method === 'Network.requestWillBeSent') this.requests.push(message.params.request.url);
    this.waiting.get(message.id)?.(message);
    this.waiting.delete(message.id);
  }
}
