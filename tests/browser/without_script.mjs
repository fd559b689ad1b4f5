// Everything that matters with JavaScript switched off: forms are forms and links are links.

import { strict as assert } from 'node:assert';

import { startServer } from './server.mjs';
import { demoSignIn, signIn } from './steps.mjs';
import { upload } from './upload.mjs';
import { watch } from './watch.mjs';

const account = { name: 'no-script', password: 'chosen by hand, 27 letters' };

export async function withoutScript(browser, { fact }) {
  const server = await startServer({ demo: true });
  const context = await browser.newContext({ javaScriptEnabled: false });
  const watched = watch(context);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const holds = (name, body) => fact(`${name}, without script`, async () => {
    await body();
    watched.assertClean();
  });
  try {
    await holds('an administrator signs in', () => signIn(page, server, demoSignIn(server)));
    await holds('a wrong form comes back with what was typed', async () => {
      await page.goto(`${server.url}/admin/accounts/new`);
      await page.getByLabel('User name').fill('no spaces allowed');
      await page.getByRole('button', { name: 'Create account', exact: true }).click();
      assert.equal(await page.getByLabel('User name').inputValue(), 'no spaces allowed');
      assert.equal(await page.getByLabel('User name').getAttribute('aria-invalid'), 'true');
    });
    await holds('an account is made', () => create(server, page));
    await holds('it can upload', async () => {
      const { exit, said } = await upload(server, account);
      assert.equal(exit, 0, said);
    });
    await holds('the account is edited', () => edit(server, page));
    await holds('a rule for a folder refuses, allows and goes', () => rule(server, page));
    await holds('the list is searched and sorted by links', () => search(server, page));
    await holds('the account is deleted with its files', () => remove(server, page));
  } finally {
    await context.close();
    await server.stop();
  }
}

async function create(server, page) {
  await page.goto(`${server.url}/admin/accounts/new`);
  await page.getByLabel('User name').fill(account.name);
  const customer = page.getByLabel('Customer', { exact: true });
  const option = customer.locator('option', { hasText: 'Northlight Studio' });
  await customer.selectOption(await option.getAttribute('value'));
  await page.getByLabel('Type one now').check();
  await page.getByRole('textbox', { name: 'Password' }).fill(account.password);
  await page.getByRole('button', { name: 'Create account', exact: true }).click();
  assert.match(await page.locator('main').innerText(), new RegExp(account.name));
}

/** The search leads straight to the only account of that name. */
async function open(server, page, section) {
  await page.goto(`${server.url}/admin/accounts?q=${account.name}`);
  await page.getByRole('link', { name: section }).first().click();
}

async function edit(server, page) {
  await open(server, page, 'Limits and access');
  await page.getByRole('textbox', { name: 'Notes' }).fill('Made without script');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.goto(page.url().replace(/\/edit.*/, ''));
  assert.match(await page.locator('main').innerText(), /Made without script/);
}

async function rule(server, page) {
  await open(server, page, 'Folders');
  await page.getByLabel('Folder', { exact: true }).fill('/');
  await page.getByLabel('Begins with').selectOption('read-only');
  await page.getByRole('button', { name: 'Add folder' }).click();
  assert.equal(await page.getByLabel('Download in /').isChecked(), true);
  assert.equal(await page.getByLabel('Upload in /').isChecked(), false);
  await page.getByLabel('Path', { exact: true }).fill('/x/../new');
  await page.getByRole('button', { name: 'Test' }).click();
  assert.match(await page.locator('main').innerText(), /The rule for \/ decides\./);
  const refused = await upload(server, account, { file: 'new.bin' });
  assert.notEqual(refused.exit, 0, refused.said);
  await page.getByLabel('Upload in /').check();
  await page.getByRole('button', { name: 'Save changes' }).click();
  const stored = await upload(server, account, { file: 'new.bin' });
  assert.equal(stored.exit, 0, stored.said);
  await page.getByRole('button', { name: 'Remove rule for /' }).click();
  assert.equal(await page.getByRole('checkbox').count(), 0);
}

async function search(server, page) {
  await page.goto(`${server.url}/admin/accounts`);
  await page.getByRole('searchbox').last().fill('no-scr');
  await page.getByRole('button', { name: /Filter|Search|Apply/ }).first().click();
  assert.match(page.url(), /q=no-scr/);
  assert.equal(await page.locator('tbody tr').count(), 1);
}

async function remove(server, page) {
  await open(server, page, 'Suspend or delete');
  await page.getByRole('link', { name: /Delete account/ }).click();
  await page.getByLabel(/^Delete/).check();
  await page.locator('input[name=typed]').fill(account.name);
  await page.getByRole('button', { name: 'Delete account' }).click();
  await page.goto(`${server.url}/admin/accounts?q=${account.name}`);
  assert.equal(await page.getByRole('link', { name: account.name, exact: true }).count(), 0);
}
