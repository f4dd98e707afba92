// SPDX-License-Identifier: Apache-2.0
// What console-ux.md section 12 asks of a machine with nothing else to do, on the real server. It prints figures and asserts none: they
// tell of the machine too.
//
//   TIDEMARK_BINARY=… node budgets.mjs [scroll] [keystroke] [idle]
import { readFileSync } from 'node:fs';
import { LaunchBrowser, OpenPage } from './browser.mjs';
import { kBigStatement, StartFixture } from './fixtures.mjs';
import { kNow, SampleFilled, Until } from './harness.mjs';

const kFrames = 300;
const kRowsPerFrame = 20;
const kKeys = 120;
const kLines = 500;
const kIdleMs = 20_000;
const kTicksPerSecond = 100; // of /proc

const Shares = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const At = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  return `p50 ${At(0.5)} ms, p95 ${At(0.95)} ms, largest ${At(1)} ms of ${sorted.length}`;
};

async function OpenQuery(page, endpoint, sql) {
  await page.goto(`${endpoint}/ui/query`);
  await SampleFilled(page);
  await page.getByTestId('sql').fill(sql);
  await Until(page, (text) => window.__tidemark?.query?.text === text, sql);
}

const kMeasures = {
  /** 10,000 rows of 30 columns: the time between frames while each frame scrolls on. */
  async scroll(page, { endpoint }) {
    const more = [0, 1, 2, 3, 4].map((n) => `v0${n} * 2 AS w${n}`).join(', ');
    await OpenQuery(page, endpoint, kBigStatement.replace('SELECT ', `SELECT ${more}, `));
    await page.getByTestId('run').click();
    await Until(page, () => window.__tidemark.query.rows.length === 10_000 && window.__tidemark.query.columns.length === 30);
    const frames = await page.evaluate(async ([count, rows]) => {
      const grid = document.querySelector('[role=grid]');
      let box = grid;
      while (box.scrollHeight <= box.clientHeight) box = box.parentElement ?? grid.querySelector('.scroll');
      const height = grid.querySelector('[role=row]:nth-child(2)')?.getBoundingClientRect().height ?? 28;
      const out = [];
      let last = await new Promise(requestAnimationFrame);
      for (let i = 0; i < count; i += 1) {
        box.scrollTop += rows * height;
        const now = await new Promise(requestAnimationFrame);
        out.push(now - last);
        last = now;
      }
      return out;
    }, [kFrames, kRowsPerFrame]);
    return `result grid, 10 000 rows of 30 columns, ${kRowsPerFrame} rows a frame: ${Shares(frames)}, ${frames.filter((ms) => ms > 50).length} over 50 ms`;
  },

  /** A text of 500 lines: from the key until it is painted. */
  async keystroke(page, { endpoint }) {
    const sql = `SELECT time\n${Array.from({ length: kLines - 2 }, (_, n) => `  , v${String(n % 18).padStart(2, '0')} + ${n} AS c${n} -- a line of it`).join('\n')}\nFROM "InterpolatedBlogDB"."big"`;
    await OpenQuery(page, endpoint, sql);
    await page.getByTestId('sql').press('Control+End');
    await page.evaluate(() => {
      window.took = [];
      const after = new MessageChannel();
      let pressed = 0;
      after.port1.onmessage = () => window.took.push(performance.now() - pressed);
      addEventListener('keydown', (event) => {
        pressed = event.timeStamp;
        requestAnimationFrame(() => after.port2.postMessage(null));
      }, { capture: true });
    });
    for (let n = 0; n < kKeys; n += 1) {
      await page.keyboard.press(n % 8 === 7 ? 'Space' : 'abcdefg'[n % 8]);
      await Until(page, (count) => window.took.length > count, n);
    }
    return `editor, ${kLines} lines, from a key to its paint: ${Shares(await page.evaluate(() => window.took))}`;
  },

  /** What the server works for one tab that nobody touches. */
  async idle(page, { endpoint, server }) {
    const Ticks = () => {
      const fields = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ').pop().split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    const Worked = async () => {
      const before = Ticks();
      await new Promise((resolve) => setTimeout(resolve, kIdleMs)); // the length of the measurement
      return ((Ticks() - before) / kTicksPerSecond / (kIdleMs / 1000)) * 100;
    };
    await page.goto('about:blank');
    const alone = await Worked();
    await page.goto(`${endpoint}/ui/`);
    await Until(page, () => window.__tidemark?.live.status === 'live');
    const with_tab = await Worked();
    return `server, of one core: ${alone.toFixed(2)} % alone, ${with_tab.toFixed(2)} % with one idle tab`;
  },
};

const wanted = process.argv.slice(2);
const browser = await LaunchBrowser();
const fixture = await StartFixture('big');
for (const [name, Measure] of Object.entries(kMeasures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { page, context } = await OpenPage(browser, fixture.endpoint, { now_ms: kNow, clock: 'runs' });
  page.setDefaultTimeout(120_000);
  console.log(await Measure(page, fixture));
  await context.close();
}
await fixture.Stop();
await browser.close();
