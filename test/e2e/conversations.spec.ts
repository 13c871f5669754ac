import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
beforeAll(async () => {
  server = await startTestApp();
  token = await server.login();
});
afterAll(() => server?.stop());

const CONVERSATIONS = '/api/v1/conversations';

async function create(body: object = {}): Promise<string> {
  const answer = await server.call('POST', CONVERSATIONS, { token, body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
}

async function post(id: string, content: unknown) {
  const answer = await server.call('POST', `${CONVERSATIONS}/${id}/messages`, { token, body: { content } });
  expect(answer.status).toBe(201);
  return answer.body;
}

async function titlesOf(query: string): Promise<(string | null)[]> {
  const answer = await server.call('GET', `${CONVERSATIONS}?${query}`, { token });
  expect(answer.status).toBe(200);
  return answer.body.items.map((item: { title: string | null }) => item.title);
}

describe('conversations', () => {
  it('are created, read, changed and deleted', async () => {
    const created = await server.call('POST', CONVERSATIONS, {
      token,
      body: { title: 'Plans', agent: 'assistant', metadata: { team: 'red' } },
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      title: 'Plans',
      agent: 'assistant',
      metadata: { team: 'red' },
      archivedAt: null,
    });
    const route = `${CONVERSATIONS}/${created.body.id}`;
    expect((await server.call('GET', route, { token })).body).toEqual(created.body);

    const changed = await server.call('PATCH', route, {
      token,
      body: { title: 'Old plans', archived: true },
    });
    expect(changed.body).toMatchObject({ title: 'Old plans', agent: 'assistant', metadata: { team: 'red' } });
    expect(changed.body.archivedAt).not.toBeNull();
    expect(await titlesOf('archived=true')).toContain('Old plans');
    expect(await titlesOf('archived=false')).not.toContain('Old plans');

    await post(created.body.id, 'hello');
    expect((await server.call('DELETE', route, { token })).status).toBe(204);
    expect((await server.call('GET', route, { token })).status).toBe(404);
    expect((await server.call('DELETE', route, { token })).body.code).toBe('conversation_not_found');
    expect(
      await server.sql('select id from messages where conversation_id = $1', [created.body.id]),
    ).toHaveLength(0);
  });

  it('name the wrong field', async () => {
    const cases: [object, string][] = [
      [{ title: 'x'.repeat(201) }, 'title'],
      [{ title: '  ' }, 'title'],
      [{ agent: 'no spaces' }, 'agent'],
      [{ metadata: { key: 'x'.repeat(513) } }, 'metadata.key'],
      [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ''])) }, 'metadata'],
      [{ metadata: { key: 1 } }, 'metadata.key'],
    ];
    for (const [body, field] of cases) {
      const answer = await server.call('POST', CONVERSATIONS, { token, body });
      expect(answer.status).toBe(400);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    }
    const unknown = await server.call('POST', CONVERSATIONS, { token, body: { owner: 'me' } });
    expect(unknown.status).toBe(400);
  });

  it('are listed newest first, page by page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.unshift(await create({ agent: 'pager' }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await server.call('GET', `${CONVERSATIONS}?agent=pager&limit=2${query}`, { token });
      expect(page.status).toBe(200);
      seen.push(...page.body.items.map((item: { id: string }) => item.id));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids);
  });

  it('refuse a cursor of another list', async () => {
    const page = await server.call('GET', `${CONVERSATIONS}?agent=pager&limit=1`, { token });
    const cursor = encodeURIComponent(page.body.nextCursor);
    for (const query of [`limit=1&cursor=${cursor}`, `agent=pager&limit=1&cursor=x${cursor}`]) {
      const answer = await server.call('GET', `${CONVERSATIONS}?${query}`, { token });
      expect(answer.body).toMatchObject({ status: 400, code: 'invalid_cursor' });
    }
  });
});

describe('search', () => {
  beforeAll(async () => {
    await create({ title: 'Sourdough bread' });
    const id = await create({ title: 'Kitchen' });
    await post(id, 'How long does a sourdough starter\nneed?');
    await post(await create({ title: 'Dependencies' }), [
      { type: 'text', text: 'Who changed package.json last?' },
    ]);
  });

  it('finds titles and messages', async () => {
    expect((await titlesOf('q=sourdough')).sort()).toEqual(['Kitchen', 'Sourdough bread']);
    expect(await titlesOf('q=SOURDOUGH%20need')).toEqual(['Kitchen']);
    expect(await titlesOf('q=%22sourdough%20bread%22')).toEqual(['Sourdough bread']);
    expect(await titlesOf('q=sourdough%20-bread')).toEqual(['Kitchen']);
    expect(await titlesOf('q=text')).toEqual([]);
  });

  it('takes the last word as a beginning', async () => {
    expect((await titlesOf('q=sourd')).sort()).toEqual(['Kitchen', 'Sourdough bread']);
    expect(await titlesOf('q=who%20pack')).toEqual(['Dependencies']);
  });

  it('accepts any text', async () => {
    for (const q of [
      "'",
      '"',
      '-',
      ':*',
      '!(',
      "a' | b",
      '\\',
      '-"a b"',
      'or',
      '&&&',
      '<->',
      '%F0%9F%98%80',
    ]) {
      const answer = await server.call('GET', `${CONVERSATIONS}?q=${encodeURIComponent(q)}`, { token });
      expect([q, answer.status]).toEqual([q, 200]);
    }
  });
});

describe('messages', () => {
  it('are appended to the active branch and name the conversation', async () => {
    const id = await create();
    const first = await post(id, 'What is\n  a monad? '.padEnd(300, 'x'));
    const second = await post(id, [
      { type: 'text', text: 'And' },
      { type: 'text', text: 'why?' },
    ]);
    expect(first).toMatchObject({ conversationId: id, parentId: null, role: 'user', status: 'complete' });
    expect(first).not.toHaveProperty('agent');
    expect(second).toMatchObject({ parentId: first.id, content: [{ text: 'And' }, { text: 'why?' }] });
    const conversation = await server.call('GET', `${CONVERSATIONS}/${id}`, { token });
    expect(conversation.body.activeLeafId).toBe(second.id);
    expect(conversation.body.title).toMatch(/^What is a monad\?.*…$/);
    expect([...conversation.body.title].length).toBeLessThanOrEqual(80);
    const list = await server.call('GET', `${CONVERSATIONS}/${id}/messages`, { token });
    expect(list.body).toEqual({ items: [first, second], nextCursor: null });
  });

  it('keep their order when 20 are posted at once, and none is lost', async () => {
    const id = await create();
    const posted = await Promise.all(Array.from({ length: 20 }, (_, i) => post(id, `message ${i}`)));
    const list = await server.call('GET', `${CONVERSATIONS}/${id}/messages?limit=100`, { token });
    expect(list.body.items).toHaveLength(20);
    expect(new Set(list.body.items.map((item: { id: string }) => item.id))).toEqual(
      new Set(posted.map((message) => message.id)),
    );
    list.body.items.forEach((item: { parentId: string | null }, index: number) => {
      expect(item.parentId).toBe(index === 0 ? null : list.body.items[index - 1].id);
    });
    const rows = await server.sql<{ position: number }>(
      'select position from messages where conversation_id = $1 order by position',
      [id],
    );
    expect(rows.map((row) => row.position)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('are paged in both directions', async () => {
    const id = await create();
    const texts = ['a', 'b', 'c', 'd', 'e'];
    for (const text of texts) await post(id, text);
    for (const order of ['asc', 'desc']) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page = await server.call(
          'GET',
          `${CONVERSATIONS}/${id}/messages?limit=2&order=${order}${query}`,
          {
            token,
          },
        );
        seen.push(...page.body.items.map((item: { content: [{ text: string }] }) => item.content[0].text));
        cursor = page.body.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(order === 'asc' ? texts : texts.toReversed());
    }
  });

  it('have bounds', async () => {
    const id = await create();
    const refused: unknown[] = ['', [], [{ type: 'text', text: '' }], 'ä'.repeat(32_769), 7, null];
    refused.push([{ type: 'image', data: 'AA==', mimeType: 'image/png' }]);
    for (const content of refused) {
      const answer = await server.call('POST', `${CONVERSATIONS}/${id}/messages`, {
        token,
        body: { content },
      });
      expect(answer.status).toBe(400);
    }
    const role = await server.call('POST', `${CONVERSATIONS}/${id}/messages`, {
      token,
      body: { content: 'hi', role: 'assistant' },
    });
    expect(role.status).toBe(400);
    await post(id, 'ä'.repeat(32_768));
  });
});
