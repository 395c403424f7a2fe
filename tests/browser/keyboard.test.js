/* Everything without a mouse: where the focus is, what a key does, and that nothing swallows it. */
import assert from 'node:assert/strict';
import { after, before, describe, it as test } from 'node:test';
import { PASSWORD, assertAccessible, focused, launch, person, picture, press, story } from './harness.js';

const TITLE = `Gate does not close ${Date.now().toString(36)}`;

/* Tabs on until the named thing has the focus. */
async function tabTo(page, name, { back = false, most = 80 } = {}) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      const labels = [...(one.labels ?? [])].map((label) => label.textContent).join(' ');
      const words = /^(A|BUTTON)$/.test(one.tagName) ? one.textContent : '';
      return `${one.getAttribute('aria-label') ?? ''} ${labels} ${words}`;
    });
    if (at.includes(name)) return;
  }
  assert.fail(`Tab never came to “${name}”`);
}

describe('the console by keyboard alone', { concurrency: false }, () => {
  const it = story(test);
  let chrome, who, page;

  before(async () => {
    chrome = await launch();
    who = await person(chrome.browser, 'acme');
    page = who.page;
  });
  after(() => chrome?.close());

  it('signs in', async () => {
    await page.goto('/jobs');
    await page.getByLabel('E-mail address').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('coordinator@acme.example');
    await press(page, 'Tab');
    await page.keyboard.type(PASSWORD);
    await press(page, 'Enter');
    await page.locator('.row-link').first().waitFor();
  });

  it('has a way past the navigation', async () => {
    await page.reload();
    await page.locator('.row-link').first().waitFor();
    await press(page, 'Tab');
    assert.equal(await focused(page), 'Skip to the content');
    await press(page, 'Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  });

  it('walks the list with j and k, opens with Enter, and comes back to the same row', async () => {
    const titles = await page.locator('.row-link').allTextContents();
    await press(page, 'j', 'j', 'j', 'k');
    assert.equal(await focused(page), titles[1]);
    await picture(page, '20-keyboard-row');
    const reference = await page.locator('tr:has(:focus) .cell-ref').textContent();
    await press(page, 'Enter');
    await page.getByRole('button', { name: `Copy the reference ${reference}` }).waitFor();
    await page.locator('h1:focus').waitFor();
    await page.goBack();
    await page.locator('.row-link:focus').waitFor();
    assert.equal(await page.locator('tr:has(:focus) .cell-ref').textContent(), reference);
  });

  it('searches after a slash, and typing there is only typing', async () => {
    await press(page, '/');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Search the jobs');
    await page.keyboard.type('c?jg');
    assert.equal(await page.getByLabel('Search the jobs').inputValue(), 'c?jg');
    assert.equal(new URL(page.url()).pathname, '/jobs');
    await page.getByLabel('Search the jobs').fill('');
    await press(page, 'Escape');
  });

  it('shows its keys after a question mark, keeps the focus inside, and gives it back', async () => {
    await press(page, 'j');
    const row = await focused(page);
    await press(page, '?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await assertAccessible(page, 'shortcut sheet');
    await picture(page, '21-keyboard-sheet');
    for (let i = 0; i < 5; i++) {
      await press(page, 'Tab');
      await page.waitForFunction(() => document.activeElement?.closest('[role=dialog]') !== null, null, { timeout: 1_000 });
    }
    await press(page, 'Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction((text) => document.activeElement?.textContent === text, row);
  });

  it('opens, walks and closes a menu', async () => {
    await tabTo(page, 'Account of', { back: true });
    await press(page, 'Enter');
    await page.getByRole('menu').waitFor();
    await press(page, 'ArrowDown', 'Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent.includes('Account of'));
  });

  it('raises a job after c', async () => {
    await press(page, 'c');
    await page.getByRole('heading', { name: 'Raise a job' }).and(page.locator(':focus')).waitFor();
    await page.getByRole('combobox', { name: 'Property' }).waitFor();
    await tabTo(page, 'Property');
    await page.keyboard.type('a');
    await page.getByRole('listbox').getByRole('option').first().waitFor();
    await press(page, 'ArrowDown', 'Enter');
    await page.getByRole('listbox').waitFor({ state: 'detached' });
    await tabTo(page, 'What is wrong');
    await page.keyboard.type(TITLE);
    await tabTo(page, 'What has to be done');
    await page.keyboard.type('The lower hinge is bent.');
    await tabTo(page, 'Type');
    await page.keyboard.type('Gen');
    await press(page, 'Enter');
    await page.getByText('Please look again').or(page.getByRole('heading', { level: 1, name: TITLE })).waitFor({ timeout: 2_000 }).catch(() => {});
    if (new URL(page.url()).pathname === '/jobs/new') {
      await tabTo(page, 'Raise the job');
      await press(page, 'Enter');
    }
    await page.getByRole('heading', { level: 1, name: TITLE }).and(page.locator(':focus')).waitFor();
  });

  it('writes a note after n, sent with Ctrl and Enter', async () => {
    await press(page, 'n');
    await page.keyboard.type('Hinge ordered.');
    await press(page, 'Control+Enter');
    await page.locator('.note').filter({ hasText: 'Hinge ordered.' }).waitFor();
    await press(page, 'Escape');
  });

  it('goes to the jobs after g j', async () => {
    await press(page, 'g', 'j');
    await page.waitForURL(/\/jobs$/);
    await page.getByRole('heading', { name: 'Jobs' }).and(page.locator(':focus')).waitFor();
    await page.getByRole('link', { name: TITLE }).waitFor();
  });

  it('lets its single keys be switched off', async () => {
    await press(page, '?');
    await page.getByLabel('Single keys work as shortcuts').waitFor();
    await tabTo(page, 'Single keys', { most: 5 });
    await press(page, 'Space', 'Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await press(page, 'c');
    await page.waitForTimeout(300);
    assert.equal(new URL(page.url()).pathname, '/jobs');
    await press(page, '?');
    await tabTo(page, 'Single keys', { most: 5 });
    await press(page, 'Space', 'Escape');
  });

  it('breaks no policy, throws nothing and asks nobody else', () => assert.deepEqual(who.faults, []));
});
