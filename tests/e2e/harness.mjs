// SPDX-License-Identifier: Apache-2.0
// What the page tests share: the frozen clock, waiting on the page's state, boxes, pictures.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const kNow = Date.parse('2026-01-15T16:59:30Z');
export const kWaitMs = 30_000; // of states that come at once; machines may be busy

export const ms = (ns) => Number(BigInt(ns) / 1_000_000n);
export const Model = (page) => page.evaluate(() => ({ ...window.__tidemark }));
export const Until = (page, condition, argument) => page.waitForFunction(condition, argument, { timeout: kWaitMs, polling: 50 });
/** An empty query page gets a sample, once it knows a host: what is typed meanwhile would lie before it. */
export const SampleFilled = (page) => Until(page, () => (window.__tidemark?.query?.text ?? '') !== '');
export const Heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

/** The host that MockServer.AddLate writes to. */
export const kFirstHost = 'i-zaZswmJk-0000.amazonaws.com';
const kSample = JSON.parse(readFileSync(new URL('../../examples/ec2/dashboards/ec2.json', import.meta.url), 'utf8'));

export const SeedSample = (server, more = {}) => server.dash.Seed('ec2', { ...kSample, ...more }, { now_ms: kNow - 120_000, versions: 2, source: 'stack' });

/** The chart of the sample that shows one host is drawn, and live. */
export const CpuReady = (page) => Until(page, () => window.__tidemark?.dashboard?.panels.find(({ id }) => id === 'cpu')?.status === 'ready' && window.__tidemark.live.status === 'live'
  && window.tidemark.charts().some(({ id }) => id === 'cpu'));
export const Cpu = (page) => page.evaluate(() => window.tidemark.charts().find(({ id }) => id === 'cpu'));

/** The sample on that host. */
export async function OpenFirstHost(page, endpoint, server, search = '') {
  SeedSample(server);
  await page.goto(`${endpoint}/ui/dash/ec2?from=now-2h&var-instance=${kFirstHost}${search}`);
  await CpuReady(page);
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function AssertAxe(page, what) {
  const found = await page.evaluate(`${axe}; axe.run({ resultTypes: ['violations'] })`);
  // The list of an editor's completions is scrolled by its text box, which has the focus (aria-activedescendant).
  for (const v of found.violations) v.nodes = v.nodes.filter((n) => v.id !== 'scrollable-region-focusable' || !n.target.flat().some((part) => part.startsWith('#cm-ac-')));
  const serious = found.violations.filter((v) => v.nodes.length > 0).filter((v) => ['serious', 'critical'].includes(v.impact));
  assert.deepEqual(serious.map((v) => `${what} ${v.id}: ${v.nodes.map((n) => n.target).join(' ')} ${v.nodes[0].any[0]?.message ?? v.nodes[0].html}`), []);
}

/** The page fits its window, and no word is cut off by its own box unless it says so with an ellipsis and a full text elsewhere. */
export async function AssertFits(page, what) {
  const faults = await page.evaluate(() => {
    const out = [];
    const main = document.querySelector('main');
    if (main.scrollWidth > main.clientWidth) out.push(`main is ${main.scrollWidth - main.clientWidth} px too wide`);
    if (document.documentElement.scrollHeight > innerHeight) out.push('the document scrolls');
    if (document.querySelectorAll('h1').length !== 1) out.push(`${document.querySelectorAll('h1').length} h1`);
    for (const e of document.querySelectorAll('main button, main a.button, main h1, main h2, header button')) {
      const style = getComputedStyle(e);
      if (e.getClientRects().length === 0 || style.textOverflow === 'ellipsis' || style.visibility === 'hidden') continue;
      if (e.scrollWidth > e.clientWidth + 1 && style.overflowX !== 'visible' && style.display !== 'inline') out.push(`${e.tagName} "${e.textContent.trim().slice(0, 30)}" is cut off`);
    }
    // Buttons and fields do not lie on each other. What is out of a scroller's sight has a box all the same, somewhere.
    const scrollers = '.scroll, [role=grid], [data-testid=graph-canvas]';
    const boxes = [...document.querySelectorAll('main button, main input, main select, main a.button')]
      .filter((e) => e.getClientRects().length > 0 && e.closest('[popover], dialog, .cm-host') === null && getComputedStyle(e).visibility !== 'hidden')
      .map((e) => ({ e, r: e.getBoundingClientRect() }));
    for (let i = 0; i < boxes.length; i += 1) {
      for (let j = i + 1; j < Math.min(boxes.length, i + 40); j += 1) {
        const [a, b] = [boxes[i], boxes[j]];
        if (a.e.contains(b.e) || b.e.contains(a.e)) continue;
        const w = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
        const h = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
        if (w > 2 && h > 2 && a.e.closest(scrollers) === b.e.closest(scrollers)) out.push(`"${(a.e.textContent || a.e.placeholder).trim().slice(0, 20)}" lies on "${(b.e.textContent || b.e.placeholder || '').trim().slice(0, 20)}"`);
      }
    }
    return out;
  });
  assert.deepEqual(faults, [], what);
}

const pictures = process.env.TIDEMARK_SCREENSHOTS ?? '';
export async function Picture(page, name) {
  if (pictures === '') return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

export const kSizes = { A: { width: 1440, height: 900 }, B: { width: 1024, height: 768 }, C: { width: 390, height: 844 } };

/** Light and dark in the large size, then the small one: axe, boxes, a picture of each. */
export async function Looks(page, name, { sizes = ['A', 'C'] } = {}) {
  for (const size of sizes) {
    await page.setViewportSize(kSizes[size]);
    for (const scheme of size === 'A' ? ['light', 'dark'] : ['light']) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      await Picture(page, `${name}-${size}-${scheme}`);
      await AssertAxe(page, `${name} ${size} ${scheme}`);
      await AssertFits(page, `${name} ${size} ${scheme}`);
    }
  }
  await page.setViewportSize(kSizes.A);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
}

const kTabStopsMax = 250;

/** Tab until `locator` has the focus: that it can be reached is part of what is tested. */
export async function TabTo(page, locator) {
  await locator.waitFor();
  for (let i = 0; i < kTabStopsMax; i += 1) {
    if (await locator.evaluate((e) => e === document.activeElement)) return;
    // In the editor Tab indents; after Escape it goes on.
    if (await page.evaluate(() => document.activeElement?.classList.contains('cm-host') === true)) await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not come to ${locator}`);
}

/** By the keyboard alone. */
export async function Press(page, locator) {
  await TabTo(page, locator);
  await page.keyboard.press('Enter');
}
