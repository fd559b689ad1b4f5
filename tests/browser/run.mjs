// Drives the admin pages of the built binary in headless Chromium. A chapter is a list of facts; one
// that the others build on ends its chapter when it does not hold.
//
//   node tests/browser/run.mjs [chapter…]

import { chromium } from 'playwright-core';

import { firstDay } from './first_day.mjs';
import { pictures } from './pictures.mjs';
import { withoutScript } from './without_script.mjs';

const CHAPTERS = { 'first day': firstDay, 'without script': withoutScript, pictures };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-gpu',
    '--disable-quic',
    '--disable-sync',
    '--no-first-run',
    // Chromium refuses its sandbox to root, and tests in containers run as root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ],
});

let passed = 0;
let failed = 0;

/** Checks something and counts it; says whether it holds. */
async function also(name, body) {
  const start = Date.now();
  try {
    await body();
    passed += 1;
    console.log(`ok      ${name} (${Date.now() - start} ms)`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    return false;
  }
}

/** The same for something that the rest of the chapter builds on. */
async function fact(name, body) {
  if (!await also(name, body)) throw new ChapterEnds();
}

class ChapterEnds extends Error {}

const wanted = process.argv.slice(2);
for (const [name, chapter] of Object.entries(CHAPTERS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name}`);
  try {
    await chapter(browser, { also, fact });
  } catch (error) {
    if (!(error instanceof ChapterEnds)) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    }
  }
}

await browser.close();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
