import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MessagesService } from '../../src/conversations/messages.service.js';
import { type Actor, scopesOf } from '../../src/common/actor.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let server: TestApp;
let token: string;
let actor: Actor;
let messages: MessagesService;
beforeAll(async () => {
  server = await startTestApp();
  token = await server.login();
  const { body } = await server.call('GET', '/api/v1/auth/me', { token });
  actor = { userId: body.id, role: 'admin', scopes: scopesOf('admin') };
  messages = server.app.get(MessagesService, { strict: false });
});
afterAll(() => server?.stop());

const ROUTE = '/api/v1/conversations';
const call = (method: string, path: string, body?: object) =>
  server.call(method, ROUTE + path, { token, body });
const say = async (id: string, content: string) =>
  (await call('POST', `/${id}/messages`, { content })).body.id as string;
const answer = (conversationId: string, text: string) =>
  messages.append(actor, {
    conversationId,
    role: 'assistant',
    content: [{ type: 'text', text }],
    agent: 'writer',
    status: 'complete',
    generatedBy: 'rules',
  });

async function texts(id: string, query = ''): Promise<string[]> {
  const { body } = await call('GET', `/${id}/messages?limit=100${query}`);
  return body.items.map((item: { content: [{ text: string }] }) => item.content[0].text);
}

/** question → answer → thanks */
async function talk(): Promise<{ id: string; question: string; thanks: string }> {
  const { body } = await call('POST', '', { title: 'Talk', agent: 'writer', metadata: { a: 'b' } });
  const question = await say(body.id, 'question');
  await answer(body.id, 'answer');
  return { id: body.id, question, thanks: await say(body.id, 'thanks') };
}

describe('the tree of a conversation', () => {
  it('keeps the old version of an edited message beside the new one', async () => {
    const { id, question } = await talk();
    const edited = await call('PATCH', `/${id}/messages/${question}`, { content: 'better question' });
    expect(edited.body).toMatchObject({ parentId: null, role: 'user' });
    expect(await texts(id)).toEqual(['better question']);
    await answer(id, 'better answer');
    expect(await texts(id)).toEqual(['better question', 'better answer']);
    expect(await texts(id, '&branch=all')).toEqual([
      'question',
      'answer',
      'thanks',
      'better question',
      'better answer',
    ]);
    const history = await messages.history(actor, id);
    expect(history.map((message) => message.role)).toEqual(['user', 'assistant']);
    expect(await messages.history(actor, id, 1)).toHaveLength(1);
  });

  it('lets nobody edit an answer', async () => {
    const { id } = await talk();
    const { id: reply } = await answer(id, 'the truth');
    const edited = await call('PATCH', `/${id}/messages/${reply}`, { content: 'a lie' });
    expect(edited.body).toMatchObject({ status: 409, code: 'message_not_editable' });
  });

  it('deletes a message with all that follows from it', async () => {
    const { id, question, thanks } = await talk();
    expect((await call('DELETE', `/${id}/messages/${thanks}`)).status).toBe(204);
    expect(await texts(id)).toEqual(['question', 'answer']);
    expect((await call('DELETE', `/${id}/messages/${thanks}`)).body.code).toBe('message_not_found');
    await call('DELETE', `/${id}/messages/${question}`);
    expect(await texts(id, '&branch=all')).toEqual([]);
    await say(id, 'again');
    expect(await texts(id)).toEqual(['again']);
  });

  it('leaves the active branch alone when another one is deleted', async () => {
    const { id, question } = await talk();
    await call('PATCH', `/${id}/messages/${question}`, { content: 'new' });
    await call('DELETE', `/${id}/messages/${question}`);
    expect(await texts(id)).toEqual(['new']);
  });

  it('keeps internal messages out of the branch, the lists and the search', async () => {
    const { id } = await talk();
    const content = [{ type: 'text' as const, text: 'xylophone' }];
    await messages.append(actor, {
      conversationId: id,
      role: 'assistant',
      content,
      status: 'complete',
      visibility: 'internal',
    });
    expect(await texts(id, '&branch=all')).toEqual(['question', 'answer', 'thanks']);
    expect((await call('GET', '?q=xylophone')).body.items).toEqual([]);
  });

  it('takes a message once by its id', async () => {
    const { id } = await talk();
    const message = {
      id: randomUUID(),
      conversationId: id,
      role: 'assistant' as const,
      content: [],
      status: 'complete' as const,
    };
    await Promise.all(Array.from({ length: 5 }, () => messages.append(actor, message)));
    const { body } = await call('GET', `/${id}/messages`);
    expect(body.items).toHaveLength(4);
  });

  it('answers an unknown parent and a text that is too large with an error', async () => {
    const { id } = await talk();
    const base = { conversationId: id, role: 'user' as const, status: 'complete' as const };
    await expect(
      messages.append(actor, { ...base, content: [], parentId: randomUUID() }),
    ).rejects.toMatchObject({
      code: 'message_not_found',
    });
    const content = [{ type: 'text' as const, text: 'x'.repeat((256 << 10) + 1) }];
    await expect(messages.append(actor, { ...base, content })).rejects.toMatchObject({
      code: 'message_too_large',
    });
  });

  it('can hold the largest text in its search index', async () => {
    const { id } = await talk();
    let text = '';
    for (let i = 0; text.length < (256 << 10) - 8; i += 1) text += `${i.toString(36)} `;
    await answer(id, text);
    expect(await texts(id)).toHaveLength(4);
  });
});

describe('a fork', () => {
  it('is a conversation of its own with a copy of the branch', async () => {
    const { id } = await talk();
    const { body: list } = await call('GET', `/${id}/messages`);
    const reply = list.items[1];
    const fork = await call('POST', `/${id}/fork`, { messageId: reply.id });
    expect(fork.status).toBe(201);
    expect(fork.body).toMatchObject({ title: 'Talk', agent: 'writer', metadata: { a: 'b' } });
    expect(await texts(fork.body.id)).toEqual(['question', 'answer']);
    const { body: copies } = await call('GET', `/${fork.body.id}/messages`);
    expect(copies.items[1]).toEqual({
      ...reply,
      id: copies.items[1].id,
      conversationId: fork.body.id,
      parentId: copies.items[0].id,
    });
    expect(copies.items[1].id).not.toBe(reply.id);
    await say(fork.body.id, 'elsewhere');
    expect(await texts(id)).toEqual(['question', 'answer', 'thanks']);
    await call('DELETE', `/${id}`);
    expect(await texts(fork.body.id)).toEqual(['question', 'answer', 'elsewhere']);
  });

  it('needs a message of that conversation', async () => {
    const [one, two] = [await talk(), await talk()];
    const answered = await call('POST', `/${one.id}/fork`, { messageId: two.thanks });
    expect(answered.body).toMatchObject({ status: 404, code: 'message_not_found' });
  });
});

describe('an export', () => {
  it('is the whole tree as JSON', async () => {
    const { id, question } = await talk();
    await call('PATCH', `/${id}/messages/${question}`, { content: 'edited' });
    for (let i = 0; i < 120; i += 1) await answer(id, `line ${i}`);
    const file = await call('GET', `/${id}/export`);
    expect(file.status).toBe(200);
    expect(file.headers.get('content-disposition')).toContain(`conversation-${id}.json`);
    expect(file.body.conversation).toEqual((await call('GET', `/${id}`)).body);
    expect(file.body.messages).toHaveLength(124);
    const { body: page } = await call('GET', `/${id}/messages?branch=all&limit=4`);
    expect(file.body.messages.slice(0, 4)).toEqual(page.items);
  });

  it('is the active branch as Markdown', async () => {
    const { id } = await talk();
    const file = await call('GET', `/${id}/export?format=markdown`);
    expect(file.headers.get('content-type')).toContain('text/markdown');
    expect(file.body.replaceAll(/ · \S+/g, '')).toBe(
      '# Talk\n\n## user\n\nquestion\n\n## assistant (writer)\n\nanswer\n\n## user\n\nthanks\n',
    );
  });

  it('of an unknown conversation is a problem, not a file', async () => {
    const file = await call('GET', `/${randomUUID()}/export`);
    expect(file.body).toMatchObject({ status: 404, code: 'conversation_not_found' });
  });
});
