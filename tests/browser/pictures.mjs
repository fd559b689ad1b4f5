// Every page that a signed-in owner can reach by following links in the demo data, and the pages
// before the sign-in: looked at in light and dark, on a desk and on a telephone. The pictures are
// kept; what must hold on every page is checked on each of them.

import { strict as assert } from 'node:assert';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { startServer } from './server.mjs';
import { demoAccount, demoSignIn, setUpAddress, signIn } from './steps.mjs';
import { startUpload, upload } from './upload.mjs';
import { assertAccessible, assertNoSidewaysScroll, watch } from './watch.mjs';

const THEMES = ['light', 'dark'];
const WIDTHS = [1440, 390];
const NARROWEST = 320;
const PAGES_MAX = 120;
const MISSING = 'admin-no-such-page';
// Slow enough to be there as long as pictures are taken.
const SLOWLY = 12_000;
const FOLDER = process.env.SCREENSHOTS ?? 'target/screenshots';

export async function pictures(browser, { also }) {
  mkdirSync(FOLDER, { recursive: true });
  await beforeTheSignIn(browser, also);

  const server = await startServer({ demo: true });
  const account = demoAccount(server);
  await upload(server, account, { file: 'brochure.pdf' });
  const running = startUpload(server, account, { bytesPerSecond: SLOWLY, file: 'catalogue.pdf' });
  try {
    const context = await browser.newContext();
    await signIn(await context.newPage(), server, demoSignIn(server));
    const cookies = await context.cookies();
    const pages = await everyPage(await context.newPage(), `${server.url}/admin`);
    await context.close();
    await lookAt(browser, also, server, [...pages, `${server.url}/${MISSING.replace('-', '/')}`], cookies);
  } finally {
    running.stop();
    await running.ended;
    await server.stop();
  }
}

async function beforeTheSignIn(browser, also) {
  const server = await startServer();
  try {
    await lookAt(browser, also, server, [`${server.url}/admin/sign-in`, setUpAddress(server)], []);
  } finally {
    await server.stop();
  }
}

/** Follows links from `start`; of pages that differ in ids and queries only, the first one counts. */
async function everyPage(page, start) {
  const found = new Map([[shape(start), start]]);
  for (const address of found.values()) {
    await page.goto(address);
    const links = await page.$$eval('a[href]', (all) => {
      return all.filter((link) => !link.download).map((link) => link.href);
    });
    for (const link of links) {
      const { origin, pathname } = new URL(link);
      const isPage = origin === new URL(start).origin && !/\.(csv|xml|txt|json)$/.test(pathname);
      if (isPage && !found.has(shape(link)) && found.size < PAGES_MAX) found.set(shape(link), link);
    }
  }
  return [...found.values()];
}

/** `/admin/accounts/kestrel/edit` as `admin-accounts-one-edit`, whatever the account. */
function shape(address) {
  const { pathname } = new URL(address);
  const name = pathname
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'one')
    .replace(/\/accounts\/[^/]+\//, '/accounts/one/');
  return name.split('/').filter(Boolean).join('-') || 'root';
}

async function lookAt(browser, also, server, addresses, cookies) {
  for (const theme of THEMES) {
    for (const width of WIDTHS) {
      const viewport = { width, height: width > 600 ? 900 : 844 };
      const context = await browser.newContext({ colorScheme: theme, viewport });
      await context.addCookies(cookies);
      const watched = watch(context);
      const page = await context.newPage();
      for (const address of addresses) {
        const name = shape(address);
        await also(`${name}, ${theme}, ${width} px`, async () => {
          const answer = await page.goto(address);
          assert.equal(answer.status(), name === MISSING ? 404 : 200);
          await page.screenshot({ path: join(FOLDER, `${name}-${width}-${theme}.png`), fullPage: true });
          await assertNoSidewaysScroll(page);
          await assertAccessible(page);
          if (width < 600 && theme === 'light') await assertFitsNarrowest(page, viewport);
          watched.assertClean();
        });
      }
      await context.close();
    }
  }
}

async function assertFitsNarrowest(page, viewport) {
  await page.setViewportSize({ ...viewport, width: NARROWEST });
  try {
    await assertNoSidewaysScroll(page);
  } finally {
    await page.setViewportSize(viewport);
  }
}
