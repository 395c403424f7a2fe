/* The product's main story, by the people it happens to, each in a browser of their own. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it as test } from 'node:test';
import { DATA, assertAccessible, assertFits, launch, person, picture, signIn, story } from './harness.js';

const TITLE = `Boiler leaks at the pressure valve ${Date.now().toString(36)}`;
const NOTE = 'Valve replaced and pressure set to 1.4 bar. Certificate is with the documents.';

describe('a repair is raised, done and proved', { concurrency: false }, () => {
  const it = story(test);
  let chrome, coordinator, contractor, stranger, address;

  before(async () => {
    chrome = await launch();
    coordinator = await person(chrome.browser, 'acme');
    contractor = await person(chrome.browser, 'acme', { phone: true });
    stranger = await person(chrome.browser, 'birch');
  });
  after(() => chrome?.close());

  it('shows the organisation before anybody has signed in', async () => {
    const { page } = coordinator;
    await page.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('Acme Lettings').waitFor();
    await assertAccessible(page, 'sign in');
    await picture(page, '01-sign-in');
  });

  it('tells a wrong password from a right one, and no more', async () => {
    const { page } = coordinator;
    await page.getByLabel('E-mail address').fill('coordinator@acme.example');
    await page.getByLabel('Password').fill('Wrong-Passw0rd!');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'e-mail address or password is wrong' }).waitFor();
    await signIn(coordinator, 'coordinator');
  });

  it('lists the jobs, and finds among them', async () => {
    const { page } = coordinator;
    await page.locator('.row-link').first().waitFor();
    await assertAccessible(page, 'list of jobs');
    await picture(page, '02-jobs');
    await page.getByLabel('Status', { exact: true }).selectOption({ label: 'Completed' });
    await page.waitForURL(/status=\d+/);
    await page.getByText('Status: Completed').waitFor();
    await page.locator('.table:not([data-stale])').waitFor();
    const statuses = await page.locator('.cell-status').allTextContents();
    assert.ok(statuses.length > 0 && statuses.every((text) => text === 'Completed'), String(new Set(statuses)));
    await page.getByLabel('Search the jobs').fill('no such words anywhere');
    await page.getByText('No job matches all of these filters').waitFor();
    await assertAccessible(page, 'empty list');
    await picture(page, '03-jobs-none');
    await page.reload();
    await page.getByText('No job matches all of these filters').waitFor();
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.locator('.row-link').first().waitFor();
  });

  it('turns pages, and Back returns', async () => {
    const { page } = coordinator;
    const first = await page.locator('.row-link').first().getAttribute('href');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.waitForURL(/page=2/);
    await page.locator('.table:not([data-stale])').waitFor();
    assert.notEqual(await page.locator('.row-link').first().getAttribute('href'), first);
    await page.goBack();
    await page.locator(`.row-link[href="${first}"]`).waitFor();
  });

  it('names what is missing at its field before a job is raised', async () => {
    const { page } = coordinator;
    await page.getByRole('link', { name: 'Raise a job' }).first().click();
    await page.getByRole('button', { name: 'Raise the job' }).click();
    await page.getByText('Find the property and choose it from the list').waitFor();
    await page.getByText('Choose a type', { exact: true }).waitFor();
    assert.equal(await page.getByLabel('What is wrong').getAttribute('aria-invalid'), 'true');
    await assertAccessible(page, 'form with faults');
    await picture(page, '04-raise-faults', { full: true });
  });

  it('raises a job with a contractor', async () => {
    const { page } = coordinator;
    await page.getByRole('combobox', { name: 'Property' }).fill('a');
    await page.getByRole('listbox').getByRole('option').first().waitFor();
    await assertAccessible(page, 'open list of addresses');
    await picture(page, '05-raise-address');
    await page.getByRole('listbox').getByRole('option').first().click();
    await page.getByLabel('What is wrong').fill(TITLE);
    await page.getByLabel('What has to be done').fill('Water under the boiler since this morning.\nThe tenant has put a bucket there.');
    await page.getByLabel('Type').selectOption({ label: 'Plumbing' });
    await page.getByLabel('Priority').selectOption({ label: 'Urgent' });
    await page.getByLabel('Access').fill('Key safe 4711 beside the door');
    const name = await nameOf(contractor);
    await page.getByRole('combobox', { name: 'Contractor' }).fill(name);
    await page.getByRole('listbox').getByRole('option', { name }).first().click();
    assert.match(await page.getByLabel('Status').evaluate((select) => select.selectedOptions[0].textContent), /Assigned/);
    await page.getByRole('button', { name: 'Raise the job' }).click();
    await page.getByRole('heading', { level: 1, name: TITLE }).waitFor();
    address = new URL(page.url()).pathname;
    await page.getByText('Key safe 4711 beside the door').waitFor();
    await assertAccessible(page, 'new job');
    await picture(page, '06-job-raised', { full: true });
  });

  it('reaches the contractor’s own list at once, on the phone', async () => {
    const { page } = contractor;
    await page.goto('/jobs');
    await page.getByRole('heading', { name: 'My jobs' }).waitFor();
    await page.getByRole('link', { name: TITLE }).waitFor();
    await assertAccessible(page, 'contractor’s list');
    await assertFits(page, 'contractor’s list');
    await picture(page, '07-contractor-jobs');
    await page.getByRole('link', { name: TITLE }).tap();
    await page.getByRole('heading', { level: 1, name: TITLE }).waitFor();
    const low = await page.locator('main .button:visible').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height).filter((height) => height < 48));
    assert.deepEqual(low, [], 'targets under 48 px');
    assert.equal(await page.getByRole('link', { name: 'Raise a job' }).count(), 0);
  });

  it('takes a photo and a certificate, with their previews', async () => {
    const { page } = contractor;
    await page.getByLabel('Photos to add').setInputFiles(join(DATA, 'photo-rotated-gps.jpg'));
    await page.getByRole('button', { name: /^Photo 1, .*(?<!prepared)$/ }).locator('img').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('Choose the type first').waitFor();
    await page.getByLabel('Type of the document to add').selectOption({ label: 'GSC Certificate' });
    await page.getByLabel('Documents to add').setInputFiles(join(DATA, 'certificate.pdf'));
    await page.getByRole('link', { name: /certificate\.pdf/ }).waitFor();
  });

  it('refuses what is no photo, says why, and keeps nothing of it', async () => {
    const { page } = contractor;
    await page.getByLabel('Photos to add').setInputFiles({ name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not a photo') });
    const refused = page.locator('.sending li[data-state=refused]');
    await refused.waitFor();
    assert.ok((await refused.locator('.sending-state').textContent()).length > 10);
    await assertAccessible(page, 'refused upload');
    await picture(page, '08-upload-refused', { full: true });
    await page.getByRole('button', { name: 'Do not send notes.jpg' }).tap();
    await refused.waitFor({ state: 'detached' });
    assert.equal(await page.locator('.photo').count(), 1);
  });

  it('takes a note and is marked complete', async () => {
    const { page } = contractor;
    await page.getByLabel('Write a note').fill(NOTE);
    await page.getByRole('button', { name: 'Add note' }).tap();
    await page.locator('.note').filter({ hasText: NOTE }).waitFor();
    await page.getByRole('button', { name: 'Mark complete' }).tap();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1 photo and 1 document').waitFor();
    await assertAccessible(page, 'completing');
    await picture(page, '09-completing');
    await dialog.getByLabel(/What was done/).fill('New pressure valve.');
    await dialog.getByRole('button', { name: 'Mark complete' }).tap();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.job-meta').getByText('Completed').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Mark complete' }).count(), 0);
    await assertFits(page, 'contractor’s job');
    await picture(page, '10-contractor-done', { full: true });
  });

  it('is seen as done by the coordinator, with its proof', async () => {
    const { page } = coordinator;
    await page.goto(address);
    await page.locator('.job-meta').getByText('Completed').waitFor();
    await page.locator('.note').filter({ hasText: NOTE }).waitFor();
    await page.getByText('New pressure valve.').waitFor();
    await page.getByRole('button', { name: /^Photo 1/ }).locator('img').waitFor();
    await page.getByRole('button', { name: /^Photo 1/ }).click();
    const photo = page.getByRole('dialog').locator('img');
    await photo.waitFor();
    await page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await photo.elementHandle());
    await assertAccessible(page, 'photo');
    await picture(page, '11-photo');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const link = await page.getByRole('link', { name: /certificate\.pdf/ }).getAttribute('href');
    const got = await page.evaluate(async (address) => {
      const reply = await fetch(address);
      const digest = await crypto.subtle.digest('SHA-256', await reply.arrayBuffer());
      return { type: reply.headers.get('content-type'), digest: new Uint8Array(digest).toHex() };
    }, link);
    const sent = createHash('sha256').update(readFileSync(join(DATA, 'certificate.pdf'))).digest('hex');
    assert.deepEqual(got, { type: 'application/pdf', digest: sent });
    await assertAccessible(page, 'done job');
    await picture(page, '12-job-done', { full: true });
  });

  it('does not exist for the coordinator of another organisation', async () => {
    const { page } = stranger;
    await signIn(stranger, 'coordinator');
    await page.getByLabel('Search the jobs').fill(TITLE);
    await page.getByText('No job matches all of these filters').or(page.getByText('There are no jobs yet')).waitFor();
    await page.goto(address);
    await page.getByText('Nothing is here').waitFor();
    assert.equal(await page.getByText(TITLE).count(), 0);
    await assertAccessible(page, 'job of another organisation');
    await picture(page, '13-other-organisation');
  });

  it('ends with signing out, after which nothing is shown', async () => {
    const { page } = coordinator;
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await assertAccessible(page, 'account menu');
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto(address);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('to'), address);
  });

  it('breaks no policy, throws nothing and asks nobody else', () => {
    for (const { faults } of [coordinator, contractor, stranger]) assert.deepEqual(faults, []);
  });
});

/* Signs somebody in and reads the name that the console greets them by. */
async function nameOf(who) {
  await signIn(who, 'contractor');
  return who.page.evaluate(async () => {
    const { data } = await (await fetch('/api/users/profile')).json();
    return `${data.first_name} ${data.last_name}`;
  });
}
