// SPDX-License-Identifier: Apache-2.0
// Pictures of cases: none is blank, and on demand each is compared with the one that was looked at and kept. Images are decoded by the
// browser itself.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssertAxe, AssertFits, kSizes } from './harness.mjs';
import { Small } from './png.mjs';

const kFolder = fileURLToPath(new URL('./pictures', import.meta.url));
/** README's picture is one of them. */
const kReadme = ['S35-A-light', fileURLToPath(new URL('../../docs/images/console.png', import.meta.url))];
const kDiffering = 0.001; // share of pixels
const kTakesMax = 10;
const kFonts = 'DejaVu Sans, DejaVu Sans Mono';

/** `A L D, B L`: sizes of console-ux.md 16.3 with their schemes. */
const Variants = (text) => text.split(',').flatMap((part) => {
  const [size, ...schemes] = part.trim().split(' ');
  return schemes.map((scheme) => ({ size, scheme: scheme === 'D' ? 'dark' : 'light' }));
});

/** Runs in the page: words that a run makes up, such as its port, become those of every run; in fields and in closed parts too. */
function SteadyWords(patterns) {
  const Steady = (text) => patterns.reduce((now, [pattern, instead]) => now.replace(new RegExp(pattern, 'g'), instead), text);
  const Visit = (root) => {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
      if (node.shadowRoot) Visit(node.shadowRoot);
      const member = node.nodeType === Node.TEXT_NODE ? 'data' : 'value';
      if (typeof node[member] === 'string' && Steady(node[member]) !== node[member]) node[member] = Steady(node[member]);
    }
  };
  Visit(document.body);
}

export class Pixels {
  static async Open(browser) {
    const pixels = new Pixels();
    pixels.mode = process.env.TIDEMARK_PIXELS ?? '';
    pixels.keep = process.env.TIDEMARK_SCREENSHOTS ?? '';
    pixels.judge = await (await browser.newContext()).newPage();
    const version = `Chromium ${browser.version()}\n${kFonts}\n`;
    const file = join(kFolder, 'VERSION');
    if (pixels.mode === 'bless') {
      mkdirSync(kFolder, { recursive: true });
      writeFileSync(file, version);
    } else if (pixels.mode === 'compare' && (!existsSync(file) || readFileSync(file, 'utf8') !== version)) {
      console.log(`pictures are not compared: they are of ${existsSync(file) ? readFileSync(file, 'utf8').trim().replace('\n', ', ') : 'no version'}, this is ${version.trim().replace('\n', ', ')}`);
      pixels.mode = '';
    }
    return pixels;
  }

  /** `masks`: selectors of what moves with real time; `words`: [pattern, what stands there instead] of what a run makes up. */
  async Looks(page, id, variants, { masks = [], words = [], fits = 'yes', busy = 'no' } = {}) {
    const faults = [];
    for (const { size, scheme } of Variants(variants)) {
      const name = `${id}-${size}-${scheme}`;
      await page.setViewportSize(kSizes[size]);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.mouse.move(0, 0);
      // Charts are drawn again for the size and the colours.
      await page.evaluate(async () => {
        for (let i = 0; i < 4; i += 1) await new Promise(requestAnimationFrame);
      });
      if (busy === 'no') await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
      await page.evaluate(SteadyWords, words.map(([pattern, text]) => [pattern.source, text]));
      const mask = masks.map((selector) => page.locator(selector));
      const png = await this.Still(() => page.screenshot({ animations: 'disabled', caret: 'hide', mask, maskColor: '#888' }));
      const { colours, differing, box } = await this.Judge(png, name);
      assert.ok(colours > 16, `${name}: a blank image, ${colours} colours`);
      if (this.keep !== '') {
        mkdirSync(this.keep, { recursive: true });
        writeFileSync(join(this.keep, `${name}.png`), png);
      }
      if (this.mode === 'bless') {
        writeFileSync(join(kFolder, `${name}.png`), Small(png));
        if (name === kReadme[0]) writeFileSync(kReadme[1], png); // in its true colours
      }
      if (this.mode === 'compare') {
        if (differing === null) faults.push(`${name}: no picture is kept, or its size differs`);
        else if (differing > kDiffering) faults.push(`${name}: ${(differing * 100).toFixed(2)} % of the pixels differ, in ${box.join()} (left, top, right, bottom)`);
      }
      await AssertAxe(page, name);
      if (fits === 'yes') await AssertFits(page, name);
    }
    await page.setViewportSize(kSizes.A);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    assert.deepEqual(faults, []);
  }

  /** The picture once nothing moves; the first one where none is compared. */
  async Still(Take) {
    let png = await Take();
    for (let i = 0; this.mode !== '' && i < kTakesMax; i += 1) {
      const next = await Take();
      if (next.equals(png)) break;
      png = next;
    }
    return png;
  }

  /** How many colours the image has, and the share of pixels in which the kept one is another; null without one of that size. */
  Judge(png, name) {
    const kept = join(kFolder, `${name}.png`);
    const old = this.mode === 'compare' && existsSync(kept) ? readFileSync(kept).toString('base64') : null;
    return this.judge.evaluate(async ([now, then]) => {
      const Pixels = async (base64) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height);
      };
      const { data, width, height } = await Pixels(now);
      const colours = new Set();
      for (let i = 0; i < data.length && colours.size < 1000; i += 4) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      if (then === null) return { colours: colours.size, differing: null };
      const other = await Pixels(then);
      if (other.width !== width || other.height !== height) return { colours: colours.size, differing: null };
      let differing = 0;
      const box = [width, height, 0, 0];
      const Differs = (i) => Math.abs(data[i] - other.data[i]) > 12;
      for (let i = 0; i < data.length; i += 4) {
        if (!Differs(i) && !Differs(i + 1) && !Differs(i + 2)) continue;
        differing += 1;
        const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)];
        box.splice(0, 4, Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y));
      }
      return { colours: colours.size, differing: differing / (width * height), box };
    }, [png.toString('base64'), old]);
  }

  async Keep(page, name) {
    if (this.keep === '') return;
    mkdirSync(this.keep, { recursive: true });
    await page.screenshot({ path: join(this.keep, `${name}.png`) });
  }
}
