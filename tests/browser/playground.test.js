/* The playground on the shared host: every operation of the document, tried with an account's token. */
import assert from 'node:assert/strict';
import { after, before, describe, it as test } from 'node:test';
import { PASSWORD, assertAccessible, assertFits, launch, person, picture, story } from './harness.js';

describe('the API playground', { concurrency: false }, () => {
  const it = story(test);
  let chrome, who, page, calls;

  before(async () => {
    chrome = await launch();
    who = await person(chrome.browser, 'my');
    page = who.page;
    await who.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    calls = [];
    page.on('request', (request) => calls.push(request));
  });
  after(() => chrome?.close());

  it('lists the operations of the document, and finds among them', async () => {
    await page.goto('/');
    await page.getByText('Choose an operation').waitFor();
    await page.locator('.lab-list li').first().waitFor(); // the document comes after the page
    const listed = await page.locator('.lab-list li').count();
    const told = await page.evaluate(async () => {
      const { paths } = await (await fetch('/api/openapi.json')).json();
      return Object.values(paths)
        .flatMap((item) => Object.values(item))
        .reduce((sum, entry) => sum + Math.max(1, entry['x-operations']?.length ?? 1), 0);
    });
    assert.equal(listed, told);
    await assertAccessible(page, 'playground');
    await page.keyboard.press('/');
    await page.keyboard.type('jobs/manage list');
    await page.getByText(/^\d+ of \d+ operations$/).waitFor();
    await picture(page, '40-playground');
  });

  it('answers 401 without a token, and says so beforehand', async () => {
    await page.locator('.lab-list a').filter({ hasText: '/api/jobs/manage · list' }).first().click();
    await page.getByText('Sign in first').waitFor();
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.lab-figures').getByText(/^401/).waitFor();
    await assertAccessible(page, 'refused call');
  });

  it('refuses accounts that have no business here', async () => {
    await page.getByRole('button', { name: 'Sign in' }).first().click();
    await page.getByLabel('E-mail address').fill('coordinator@acme.example');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.locator('#sign-in').getByRole('button', { name: 'Sign in' }).click();
    await page.locator('#sign-in').getByRole('alert').waitFor();
    await assertAccessible(page, 'refused sign in');
  });

  it('calls with the token of an account, and tells all of the answer', async () => {
    await page.getByLabel('E-mail address').fill('api@acme.example');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.locator('#sign-in').getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.getByLabel(/^limit/).fill('2');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.lab-figures').getByText(/^200/).waitFor();
    const body = JSON.parse(await page.getByLabel('Body of the answer').textContent());
    assert.equal(body.data.length, 2);
    await page.getByText(/^\d+ headers$/).click();
    await page.getByText('content-type', { exact: true }).waitFor();
    await assertAccessible(page, 'answer');
    await picture(page, '41-playground-answer', { full: true });
    const sent = calls.filter((call) => call.url().includes('limit=2')).at(-1);
    assert.match(sent.headers().authorization, /^Bearer ./);
    assert.equal(sent.headers().cookie, undefined);
  });

  it('says the call in curl, without the token', async () => {
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^curl 'https:\/\/my\.[^']*\/api\/jobs\/manage\?action=list&limit=2' \\\n {2}-H "Authorization: Bearer \$TOKEN"$/);
  });

  it('keeps the token in this tab only', async () => {
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.equal(kept, '[{},{},""]');
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).first().waitFor();
    await page.getByRole('heading', { level: 2, name: /jobs/i }).first().waitFor();
  });

  it('offers a body for what writes, and a form for files', async () => {
    await page.getByLabel('Search the operations').fill('manage create');
    await page.locator('.lab-list a').filter({ hasText: '/api/jobs/manage · create' }).first().click();
    const body = JSON.parse(await page.getByRole('textbox', { name: /^Body/ }).inputValue());
    assert.equal(body.action, 'create');
    assert.ok('job_title' in body && !('works_order_ref' in body));
    await page.getByRole('button', { name: '+ works_order_ref' }).click();
    assert.ok('works_order_ref' in JSON.parse(await page.getByRole('textbox', { name: /^Body/ }).inputValue()));
    await page.getByRole('textbox', { name: /^Body/ }).fill('{');
    await page.getByText('Not JSON').waitFor();
    await assertAccessible(page, 'body');
    await picture(page, '42-playground-body');
    await page.getByLabel('Search the operations').fill('photos upload');
    await page.locator('.lab-list a').filter({ hasText: '/api/jobs/photos' }).first().click();
    await page.locator('input[type=file]').waitFor();
    await assertAccessible(page, 'form');
  });

  it('fits a phone', async () => {
    const narrow = await person(chrome.browser, 'my', { phone: true });
    await narrow.page.goto('/');
    await narrow.page.locator('.lab-list li').first().waitFor();
    await assertFits(narrow.page, 'list');
    await assertAccessible(narrow.page, 'list, phone');
    await narrow.page.locator('.lab-list a').filter({ hasText: '/api/jobs/manage · list' }).first().tap();
    await narrow.page.getByRole('button', { name: 'Send' }).waitFor();
    await assertFits(narrow.page, 'operation');
    await assertAccessible(narrow.page, 'operation, phone');
    await picture(narrow.page, '43-playground-phone');
    assert.deepEqual(narrow.faults, []);
  });

  it('breaks no policy, throws nothing and asks nobody else', () => assert.deepEqual(who.faults, []));
});
