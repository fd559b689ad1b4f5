// The first day of an operator: from an empty data folder to a customer whose upload is watched,
// ended, moved to other ports and finally refused.

import { strict as assert } from 'node:assert';

import { startServer, until } from './server.mjs';
import { OWNER, finishSetUp, setUpAddress, signIn } from './steps.mjs';
import { startUpload, upload } from './upload.mjs';
import { watch } from './watch.mjs';

const SLOWLY = 300_000;
const account = { name: 'kestrel', password: '' };

export async function firstDay(browser, { fact }) {
  const server = await startServer();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const watched = watch(context);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const holds = (name, body) => fact(name, async () => {
    await body();
    watched.assertClean();
  });
  try {
    await holds('the one-time address makes the first owner', () => setUp(server, page));
    await holds('the set-up is closed afterwards', async () => {
      const answer = await fetch(setUpAddress(server), { redirect: 'manual' });
      assert.notEqual(answer.status, 200);
    });
    await holds('the owner signs out and in again', () => outAndIn(server, page));
    await holds('a customer and an account are made', () => make(server, page));
    await holds('the first upload is stored', async () => {
      const { exit, said } = await upload(server, account);
      assert.equal(exit, 0, said);
    });
    await holds('an upload appears on the open page, and its bytes grow', () => {
      return watchUpload(server, page);
    });
    await holds('disconnecting the session ends the upload', () => disconnect(server, page));
    await holds('a new range of ports holds from the next transfer on', () => {
      return changeRange(server, page);
    });
    await holds('suspending the account ends its upload and refuses the next', () => {
      return suspend(server, page);
    });
    await holds('the audit list says what happened', async () => {
      await page.goto(`${server.url}/admin/audit`);
      const text = await page.locator('main').innerText();
      for (const word of ['kestrel', /suspend/i, /passive|network|settings/i]) assert.match(text, new RegExp(word));
    });
  } finally {
    await context.close();
    await server.stop();
  }
}

async function setUp(server, page) {
  await page.goto(setUpAddress(server));
  await page.getByLabel('Your name').fill(OWNER.name);
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(OWNER.password);
  await finishSetUp(page);
}

async function outAndIn(server, page) {
  await page.getByRole('button', { name: OWNER.name }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto(`${server.url}/admin/accounts`);
  await page.waitForURL((url) => url.pathname === '/admin/sign-in');
  await signIn(page, server, OWNER);
}

async function make(server, page) {
  await page.goto(`${server.url}/admin/customers/new`);
  await page.getByLabel('Name', { exact: true }).fill('Kestrel Print');
  await page.getByRole('button', { name: 'Create customer' }).click();
  await page.getByRole('link', { name: /New account|Create the first account/ }).first().click();
  await page.getByLabel('User name').fill(account.name);
  await page.getByRole('button', { name: 'Create account', exact: true }).click();
  account.password = await page.locator('#pw').innerText();
  assert.ok(account.password.length >= 12, account.password);
}

async function watchUpload(server, page) {
  await page.goto(`${server.url}/admin/live`);
  assert.equal(await page.locator('[data-live-list] tr').count(), 0);
  const running = startUpload(server, account, { bytesPerSecond: SLOWLY });
  try {
    const row = page.locator('[data-live-list] tr', { hasText: account.name });
    await row.waitFor({ timeout: 5_000 });
    const progress = row.locator('[data-k=pr]');
    assert.ok(await until(async () => /so far/.test(await progress.innerText()), 5_000));
    const before = await progress.innerText();
    assert.ok(await until(async () => await progress.innerText() !== before, 5_000), before);
    assert.match(await row.innerText(), /report\.bin/);
  } finally {
    running.stop();
    await running.ended;
  }
  await page.locator('[data-live-list] tr').waitFor({ state: 'detached', timeout: 10_000 });
}

async function disconnect(server, page) {
  await page.goto(`${server.url}/admin/live`);
  const running = startUpload(server, account, { bytesPerSecond: SLOWLY, file: 'ended.bin' });
  try {
    await page.getByRole('button', { name: `Disconnect ${account.name}` }).click({ timeout: 5_000 });
    const confirm = page.getByRole('button', { name: /^Disconnect/ }).last();
    if (new URL(page.url()).pathname.includes('disconnect')) await confirm.click();
    assert.notEqual(await Promise.race([running.ended, late(3_000)]), 0, running.said());
  } finally {
    running.stop();
  }
}

async function changeRange(server, page) {
  await page.goto(`${server.url}/admin/network`);
  await page.getByLabel(/First port|From/).first().fill('24100');
  await page.getByLabel(/Last port|To/).first().fill('24104');
  await page.getByRole('button', { name: /^(Save|Apply)/ }).first().click();
  const { exit, said, port } = await upload(server, account, { file: 'moved.bin' });
  assert.equal(exit, 0, said);
  assert.ok(port >= 24100 && port <= 24104, `the upload used port ${port}`);
}

async function suspend(server, page) {
  const running = startUpload(server, account, { bytesPerSecond: SLOWLY, file: 'suspended.bin' });
  try {
    assert.ok(await until(() => /150 /.test(running.said()), 5_000), running.said());
    await page.goto(`${server.url}/admin/accounts`);
    await page.getByRole('link', { name: account.name, exact: true }).click();
    await page.getByRole('link', { name: 'Suspend or delete' }).first().click();
    const pressed = Date.now();
    await page.getByRole('button', { name: 'Suspend account' }).click();
    assert.notEqual(await Promise.race([running.ended, late(5_000)]), 0, running.said());
    assert.ok(Date.now() - pressed < 3_000, `ended after ${Date.now() - pressed} ms`);
  } finally {
    running.stop();
  }
  const { said } = await upload(server, account);
  assert.match(said, /530 /);
}

/** Rejects after `ms`: what was waited for did not come. */
function late(ms) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing ended within ${ms} ms`)), ms).unref();
  });
}
