// What a person does on several pages: find the one-time address, set up, sign in.

import { strict as assert } from 'node:assert';

export const OWNER = { email: 'owner@example.com', name: 'Olive Owner', password: 'a long pass phrase for Olive' };

/** The one-time address that a server without an owner prints. */
export function setUpAddress(server) {
  return found(server, /First run\s+(http\S+)/);
}

/** E-mail address and password that a demonstration prints. */
export function demoSignIn(server) {
  const [, email, password] = server.output().match(/Sign in\s+(\S+@\S+)\s+(\S+)/) ?? [];
  assert.ok(password, `no sign-in in:\n${server.output()}`);
  return { email, password };
}

/** Name and password of the account that a demonstration prints. */
export function demoAccount(server) {
  const [, name, password] = server.output().match(/Account\s+(\S+)\s+(\S+)/) ?? [];
  assert.ok(password, `no account in:\n${server.output()}`);
  return { name, password };
}

/** Signs in and waits for the overview. */
export async function signIn(page, server, { email, password }) {
  await page.goto(`${server.url}/admin/sign-in`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((url) => url.pathname === '/admin');
}

function found(server, pattern) {
  const [, text] = server.output().match(pattern) ?? [];
  assert.ok(text, `nothing like ${pattern} in:\n${server.output()}`);
  return text;
}

/** Goes through what is left of the set-up, taking what it proposes, until the overview is there. */
export async function finishSetUp(page) {
  const STEPS_MAX = 8;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.locator('main .btn.primary, form .btn.primary').first().click();
    await page.waitForLoadState('load');
    const { pathname } = new URL(page.url());
    if (pathname === '/admin') return;
    assert.match(pathname, /^\/(admin\/)?setup/, await page.locator('body').innerText());
  }
  assert.fail(`the set-up did not end: ${page.url()}`);
}
