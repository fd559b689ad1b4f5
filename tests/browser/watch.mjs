// What must hold on every page, whatever it shows: no error in the console, nothing refused by the
// content security policy, no failed request, no violation of the accessibility rules, no sideways
// scrolling.

import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Notes everything that goes wrong on the pages of `context`. */
export function watch(context) {
  const faults = [];
  context.on('page', (page) => {
    const note = (what) => faults.push(`${page.url()}: ${what}`);
    page.on('console', (message) => {
      const expected = /status of 4\d\d/.test(message.text()) && page.url() === message.location().url;
      if (message.type() === 'error' && !expected) note(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => note(`script: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 500) note(`${response.status()} from ${response.url()}`);
      if (response.status() >= 400 && response.request().resourceType() !== 'document') {
        note(`${response.status()} from ${response.url()}`);
      }
    });
  });
  return {
    /** Fails if something went wrong since the last call. */
    assertClean() {
      const found = [...new Set(faults.splice(0))];
      assert.deepEqual(found, []);
    },
  };
}

/** Fails if the accessibility rules find a violation. */
export async function assertAccessible(page) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
    const { violations } = await globalThis.axe.run(document, rules);
    return violations.map(({ id, help, nodes }) => {
      return `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(' | ')}`;
    });
  });
  assert.deepEqual(violations, [], page.url());
}

/** Fails if the page is wider than the window. */
export async function assertNoSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
}
