// SPDX-License-Identifier: Apache-2.0
// The system's Chromium under playwright-core, closed to every host but the server: a request elsewhere, a console error or an
// uncaught exception makes the test fail.
import { chromium } from 'playwright-core';

const kArgs = [
  '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** TIDEMARK_SLOW=6: pages run six times slower, which shows what a case takes for granted. */
const kSlow = Number(process.env.TIDEMARK_SLOW ?? 1);

export const LaunchBrowser = () =>
  chromium.launch({ executablePath: process.env.TIDEMARK_CHROMIUM ?? '/usr/bin/chromium', args: kArgs, headless: true });

/**
 * A page whose faults are collected in `faults`. `expected` are patterns of console errors that a test provokes on purpose
 * (Chromium logs every failed request as one). The page's clock begins at `now_ms`; `frozen`, it stays there; `slow`, it hardly moves, so
 * that what a case says of times holds on a busy machine too.
 */
export async function OpenPage(browser, endpoint, { viewport = { width: 1440, height: 900 }, color_scheme = 'light', now_ms, clock = 'runs', expected = [] } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: color_scheme, deviceScaleFactor: 1, timezoneId: 'UTC', locale: 'en-US' });
  if (now_ms !== undefined) {
    await context.addInitScript(([now, rate]) => {
      const begin = Date.now();
      const real = Date.now.bind(Date);
      Date.now = () => now + Math.floor((real() - begin) * rate);
      if (rate === 0) performance.now = () => 1000; // statements take no time
    }, [now_ms, { frozen: 0, slow: 0.02, runs: 1 }[clock]]);
  }
  const page = await context.newPage();
  if (kSlow > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: kSlow });
  const faults = [];
  const origin = new URL(endpoint).origin;
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) faults.push(`request to another host: ${url}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.some((pattern) => pattern.test(message.text()))) faults.push(`console error: ${message.text()}`);
  });
  return { page, context, faults };
}
