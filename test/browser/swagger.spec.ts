import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { BrowserPage, CHROMIUM } from '../support/chromium.js';
import { makeKey } from '../support/mcp-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

jest.setTimeout(120_000);

const describeWithBrowser = CHROMIUM === undefined ? describe.skip : describe;

describeWithBrowser(`Swagger UI in a browser${CHROMIUM === undefined ? ' (no Chromium here)' : ''}`, () => {
  let server: TestApp;
  let page: BrowserPage;
  beforeAll(async () => {
    server = await startTestApp();
    page = await BrowserPage.open(`${server.url}/api/docs`);
  });
  afterAll(async () => {
    await page?.close();
    await server?.stop();
  });

  it('executes a request with an API key, and no request leaves the host', async () => {
    const key = await makeKey(server, await server.login(), ['tools:read']);
    await page.until(`document.querySelector('button.authorize') !== null`);
    await page.evaluate(`document.querySelector('button.authorize').click()`);
    await page.until(`document.querySelector('.auth-container input') !== null`);
    // React listens to the input event of the real setter.
    await page.evaluate(`(() => {
      const input = document.querySelector('.auth-container input');
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, ${JSON.stringify(key)});
      input.dispatchEvent(new Event('input', { bubbles: true }));
    })()`);
    await page.evaluate(`document.querySelector('.auth-container button[type=submit]').click()`);
    await page.until(`document.querySelector('button.btn-done') !== null`);
    await page.evaluate(`document.querySelector('button.btn-done').click()`);

    const operation = `[...document.querySelectorAll('.opblock-get')].find((block) =>
      block.querySelector('.opblock-summary-path').dataset.path === '/api/v1/tools')`;
    await page.until(`(${operation}) !== undefined`);
    await page.evaluate(`(${operation}).querySelector('.opblock-summary-control').click()`);
    await page.until(`(${operation}).querySelector('.try-out__btn') !== null`);
    await page.evaluate(`(${operation}).querySelector('.try-out__btn').click()`);
    await page.until(`(${operation}).querySelector('button.execute') !== null`);
    await page.evaluate(`(${operation}).querySelector('button.execute').click()`);
    const status = await page.until(
      `(${operation}).querySelector('.live-responses-table tbody .response-col_status')?.textContent`,
    );
    expect(status).toContain('200');
    const body = await page.evaluate(`(${operation}).querySelector('.live-responses-table').textContent`);
    expect(body).toContain('calculator');

    expect(page.requests).toContainEqual(expect.stringMatching(/\/api\/v1\/tools(\?|$)/));
    const host = new URL(server.url).host;
    const outside = page.requests.filter(
      (url) => !/^(data|blob|about):/.test(url) && new URL(url).host !== host,
    );
    expect(outside).toEqual([]);
  });
});
