// SPDX-License-Identifier: Apache-2.0
// The screenshot cases of console-ux.md 16.3, and those of views (V01 to V10), on the real server: fixtures of 16.2, its clock and the page's stand still.
//
//   node cases.mjs [S33 ...]          all cases, or those
//
// Each case asserts what the page says and draws, then for its sizes and schemes: axe, boxes, an image that is not blank.
// TIDEMARK_BINARY names the program. TIDEMARK_SCREENSHOTS=DIR keeps the pictures. TIDEMARK_PIXELS=compare also compares them with those in
// pictures/, TIDEMARK_PIXELS=bless puts them there; both say nothing where the browser is another version than pictures/VERSION.
import assert from 'node:assert/strict';
import { LaunchBrowser, OpenPage } from './browser.mjs';
import { cases as behaviour_cases } from './cases_behaviour.mjs';
import { cases as dash_cases } from './cases_dash.mjs';
import { cases as page_cases } from './cases_pages.mjs';
import { cases as query_cases } from './cases_query.mjs';
import { cases as view_cases } from './cases_views.mjs';
import { StartFixture } from './fixtures.mjs';
import { kNow, kWaitMs } from './harness.mjs';
import { Pixels } from './pixels.mjs';

const kAll = [...page_cases, ...query_cases, ...dash_cases, ...view_cases, ...behaviour_cases];
const wanted = process.argv.slice(2);
const chosen = kAll.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
assert.ok(chosen.length > 0, `no case is called ${wanted.join(', ')}`);

/** What a run makes up, and what its pictures say instead. */
const Exact = (text) => new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
const MadeUp = ({ endpoint, server }) => [[Exact(new URL(endpoint).host), '127.0.0.1:4580'], [Exact(server.folder), '/var/lib/tidemark']];

const browser = await LaunchBrowser();
const pixels = await Pixels.Open(browser);
let failed = 0;
for (const name of new Set(chosen.map(({ fixture }) => fixture))) {
  const fixture = await StartFixture(name);
  for (const { id, title, Run, expected = [], init, clock = 'frozen' } of chosen.filter((one) => one.fixture === name)) {
    const { page, context, faults } = await OpenPage(browser, fixture.endpoint, { now_ms: kNow, clock, expected });
    page.setDefaultTimeout(kWaitMs);
    if (init !== undefined) await context.addInitScript(init);
    try {
      await Run({ page, context, endpoint: fixture.endpoint, server: fixture.server, Looks: (variants, options = {}) => pixels.Looks(page, options.name === undefined ? id : `${id}-${options.name}`, variants, { ...options, words: [...MadeUp(fixture), ...(options.words ?? [])] }) });
      assert.deepEqual(faults, []);
      console.log(`ok    ${id} ${title}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${id} ${title}\n${error.stack}\n${faults.join('\n')}\n${fixture.server.Log()}`);
      await pixels.Keep(page, `${id}-failed`).catch(() => undefined);
    }
    await context.close();
  }
  await fixture.Stop();
}
await browser.close();
console.log(failed === 0 ? 'all passed' : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
