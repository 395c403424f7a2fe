/* When things are not as usual: dark, narrow, long, slow, refused, offline, failed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it as test } from 'node:test';
import { DATA, assertAccessible, assertFits, launch, person, picture, settle, signIn, story } from './harness.js';

const LONG = `${Date.now().toString(36)} ${'Extraordinarilylongwordwithoutanyplacetobreak '.repeat(3)}`.slice(0, 120).trim();

async function openFirst(page) {
  await page.locator('.row-link').first().click();
  await page.getByRole('heading', { name: /^Notes/ }).waitFor();
}

describe('the console when things are not as usual', { concurrency: false }, () => {
  const it = story(test);
  let chrome, dark, phone, minimal;

  before(async () => {
    chrome = await launch();
    dark = await person(chrome.browser, 'acme', { dark: true });
    phone = await person(chrome.browser, 'acme', { phone: true });
    minimal = await person(chrome.browser, 'acme');
  });
  after(() => chrome?.close());

  it('is legible in the dark, for two organisations', async () => {
    const other = await person(chrome.browser, 'birch', { dark: true });
    for (const who of [dark, other]) {
      const { page, host } = who;
      await page.goto('/');
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await assertAccessible(page, `${host}: sign in, dark`);
      await signIn(who, 'coordinator');
      await page.locator('.row-link').first().waitFor();
      await assertAccessible(page, `${host}: jobs, dark`);
      await picture(page, `30-dark-jobs-${host}`);
      await openFirst(page);
      await assertAccessible(page, `${host}: job, dark`);
      await picture(page, `31-dark-job-${host}`, { full: true });
      await page.goto('/jobs/new');
      await page.getByLabel('What is wrong').waitFor();
      await assertAccessible(page, `${host}: raise, dark`);
    }
    assert.deepEqual(other.faults, []);
    await other.context.close();
  });

  it('fits a phone, with long words and large text', async () => {
    const { page } = phone;
    await signIn(phone, 'coordinator');
    await page.locator('.row-link').first().waitFor();
    await assertAccessible(page, 'jobs, phone');
    await assertFits(page, 'jobs, phone');
    await picture(page, '32-phone-jobs');
    await page.goto('/jobs/new');
    await page.getByRole('combobox', { name: 'Property' }).fill('a');
    await page.getByRole('listbox').getByRole('option').first().tap();
    await page.getByLabel('What is wrong').fill(LONG);
    await page.getByLabel('What has to be done').fill(LONG);
    await page.getByLabel('Type').selectOption({ index: 1 });
    await assertFits(page, 'raise, phone');
    await assertAccessible(page, 'raise, phone');
    await picture(page, '33-phone-raise', { full: true });
    await page.getByRole('button', { name: 'Raise the job' }).tap();
    await page.getByRole('heading', { level: 1 }).filter({ hasText: 'Extraordinarily' }).waitFor();
    await assertFits(page, 'job, phone, long words');
    await assertAccessible(page, 'job, phone, long words');
    await picture(page, '34-phone-job', { full: true });
    await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    await settle(page);
    await assertFits(page, 'job, phone, text of 200 %');
    await page.goto('/jobs');
    await page.getByRole('link', { name: LONG }).waitFor();
    await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    await settle(page);
    await assertFits(page, 'jobs, phone, text of 200 %');
    await picture(page, '35-phone-large-text');
  });

  it('keeps the room of what is still loading', async () => {
    const { page } = dark;
    await page.goto('/jobs');
    await page.locator('.row-link').first().waitFor();
    await page.route('**/api/jobs/manage?*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await route.continue();
    });
    await page.reload();
    await page.locator('.skeleton-rows').waitFor();
    await picture(page, '36-loading').catch(() => {});
    await page.locator('.row-link').first().waitFor();
    await page.unroute('**/api/jobs/manage?*');
  });

  it('says what failed, and tries again when it is told to', async () => {
    const { page } = dark;
    await page.route('**/api/jobs/manage?*', (route) =>
      route.fulfill({ status: 500, contentType: 'application/json', body: '{"success":false,"error":"Something went wrong on our side","request_id":"req-1"}' }),
    );
    await page.reload();
    await page.getByText('Something went wrong on our side').waitFor();
    await page.getByText('Request req-1').waitFor();
    await assertAccessible(page, 'failed list');
    await picture(page, '37-failed');
    await page.unroute('**/api/jobs/manage?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.row-link').first().waitFor();
  });

  it('says who can grant what a role may not see', async () => {
    const { page } = minimal;
    await page.route('**/api/jobs/manage?*', (route) =>
      route.fulfill({ status: 403, contentType: 'application/json', body: '{"success":false,"error":"You do not have permission to perform this action","code":"forbidden"}' }),
    );
    await signIn(minimal, 'minimal');
    await page.getByText('Your role may not see jobs').waitFor();
    await assertAccessible(page, 'refused list');
    await picture(page, '38-not-allowed');
    await page.unroute('**/api/jobs/manage?*');
  });

  it('restores what the server refused, with the reason', async () => {
    const { page } = dark;
    await page.goto('/jobs');
    await page.locator('.row-link').first().waitFor();
    await openFirst(page);
    const pin = page.getByRole('button', { name: 'Pin this job' });
    const before = await pin.getAttribute('aria-pressed');
    await page.route('**/api/jobs/toggle-pin', (route) =>
      route.fulfill({ status: 409, contentType: 'application/json', body: '{"success":false,"error":"The record was changed by somebody else; load it again","code":"conflict"}' }),
    );
    await pin.click();
    await page.getByText('changed by somebody else').waitFor();
    await page.waitForFunction(([element, value]) => element.getAttribute('aria-pressed') === value, [await pin.elementHandle(), before]);
    await assertAccessible(page, 'refused change');
    await page.unroute('**/api/jobs/toggle-pin');
  });

  it('says that it is offline, keeps the files, and sends them when it is back', async () => {
    const { page, context } = phone;
    const title = page.getByRole('link', { name: LONG }).first();
    await page.goto('/jobs');
    await title.tap();
    await page.getByRole('heading', { name: /^Photos/ }).waitFor();
    await settle(page);
    await context.setOffline(true);
    await page.getByText('You are offline').waitFor();
    await page.getByLabel('Photos to add').setInputFiles(join(DATA, 'photo.png'));
    await page.getByText('Waits for a connection').waitFor();
    await assertAccessible(page, 'offline');
    await picture(page, '39-offline').catch(() => {});
    await context.setOffline(false);
    await page.locator('.photo img').waitFor({ timeout: 60_000 });
    await page.getByText('You are offline').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.photo').count(), 1, 'the photo was stored once');
  });

  it('goes to sign in when the session has ended, and back to the same place', async () => {
    const { page, context } = dark;
    const place = new URL(page.url()).pathname;
    await context.clearCookies();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByLabel('E-mail address').fill('coordinator@acme.example');
    await page.getByLabel('Password').fill('Demo-Passw0rd!');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL((url) => url.pathname === place);
    await page.getByRole('heading', { name: /^Notes/ }).waitFor();
  });

  it('tells that there is no such page', async () => {
    const { page } = dark;
    await page.goto('/nowhere/at/all');
    await page.getByText('There is no such page').waitFor();
    await assertAccessible(page, 'no such page');
  });

  it('breaks no policy, throws nothing and asks nobody else', () => {
    for (const { faults } of [dark, phone, minimal]) assert.deepEqual(faults, []);
  });
});
