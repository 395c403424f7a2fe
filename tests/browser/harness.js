/*
 * A real Chromium against a running server, as its users have it: certificates are checked against the local authority, which the
 * browser trusts because it was told to, and nothing of the page's policy is switched off.
 *
 * PROPOPS_URL   the console of the first org                 default https://acme.localhost:$PROPOPS_PORT
 * PROPOPS_CA    the local authority's certificate            default $PROPOPS_HOME/ca/ca.pem
 * CHROMIUM      the browser                                  default /usr/bin/chromium
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
export const DATA = join(root, 'tests/data');
const ARTEFACTS = join(root, 'tests/artefacts');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const ACME = new URL(process.env.PROPOPS_URL ?? `https://acme.localhost:${process.env.PROPOPS_PORT ?? 8443}`);
const CA = process.env.PROPOPS_CA ?? join(process.env.PROPOPS_HOME ?? join(root, 'var'), 'ca/ca.pem');
export const PASSWORD = 'Demo-Passw0rd!';

/* The address of a host beside the first org's: acme, birch, my. */
export function origin(host) {
  const url = new URL(ACME);
  url.hostname = url.hostname.replace(/^[^.]+/, host);
  return url.origin;
}

/* A home whose certificate store holds the local authority. */
function makeHome() {
  const home = mkdtempSync(join(tmpdir(), 'propops-browser-'));
  const store = join(home, '.pki/nssdb');
  mkdirSync(store, { recursive: true });
  execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
  execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'propops', '-i', CA]);
  return home;
}

export async function launch() {
  const home = makeHome();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: process.getuid?.() !== 0,
    env: { ...process.env, HOME: home },
    args: ['--host-resolver-rules=MAP *.localhost 127.0.0.1', '--disable-gpu'],
  });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/*
 * Somebody at a screen of their own. What the page must never do is gathered in `faults`: policy violations, uncaught errors,
 * requests to other places.
 */
export async function person(browser, host, { phone = false, dark = false } = {}) {
  const context = await browser.newContext({
    baseURL: origin(host),
    viewport: phone ? PHONE : DESKTOP,
    isMobile: phone,
    hasTouch: phone,
    deviceScaleFactor: phone ? 2 : 1,
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    colorScheme: dark ? 'dark' : 'light',
    acceptDownloads: true,
  });
  const faults = [];
  await context.exposeBinding('reportFault', (_source, fault) => faults.push(fault));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      globalThis.reportFault(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
    );
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  pages.push(page);
  page.on('pageerror', (error) => faults.push(`error: ${error.stack ?? error}`));
  page.on('request', (request) => {
    const { origin: asked, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && asked !== origin(host)) faults.push(`elsewhere: ${request.url()}`);
  });
  return { context, page, faults, host };
}

/* Every page that is open, to be looked at when a step fails. */
const pages = [];

/* The steps of one story: after one has failed the others cannot tell anything. */
export function story(it) {
  let failed = '';
  return (name, act) =>
    it(name, async () => {
      if (failed) throw new Error(`not tried, since “${failed}” failed`);
      try {
        await act();
      } catch (error) {
        failed = name;
        for (const [at, page] of pages.entries())
          if (!page.isClosed()) await page.screenshot({ path: join(ARTEFACTS, `failed-${at + 1}.png`) }).catch(() => {});
        throw error;
      }
    });
}

export async function signIn(who, name, { remember = false } = {}) {
  const { page, host } = who;
  await page.goto('/');
  await page.getByLabel('E-mail address').fill(`${name}@${host}.example`);
  await page.getByLabel('Password').fill(PASSWORD);
  if (remember) await page.getByLabel(/Keep me signed in/).check();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: /jobs/i }).waitFor();
}

export async function settle(page) {
  await page.waitForLoadState('networkidle');
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished)));
}

export async function picture(page, name, { full = false } = {}) {
  mkdirSync(ARTEFACTS, { recursive: true });
  if (full) await page.evaluate(() => scrollTo(0, 0));
  await settle(page);
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage: full });
}

/* axe over the page as it stands: WCAG 2.2 A and AA and its own best practice. */
export async function assertAccessible(page, what) {
  await settle(page);
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(found, [], what);
}

/* Nothing runs out of the side of the screen. */
export async function assertFits(page, what) {
  const wide = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= limit) return [];
    return [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > limit + 1 && !one.closest('.unseen, thead'))
      .slice(0, 5)
      .map((one) => `${one.tagName}.${one.className}`);
  });
  assert.deepEqual(wide, [], what);
}

/* Two keys, one after the other, as people press them. */
export async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

export const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
