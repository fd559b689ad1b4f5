// What node.py asks of basic-ftp. Dies where something is not as it should be.
//
//   node basic_ftp.mjs CHECK     in the local folder of the check, with FTP_… in the environment

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';

import { Client } from 'basic-ftp';

const at = process.env;
const NAME = at.FTP_NAME;
const FOLDER = 'a folder with spaces';

const checks = {
  async everyday(client) {
    const data = readFileSync(NAME);
    await client.ensureDir(FOLDER);
    await client.uploadFrom(Readable.from(data.subarray(0, 100_000)), NAME);
    await client.appendFrom(Readable.from(data.subarray(100_000)), NAME);
    assert.equal(await client.size(NAME), data.length);

    writeFileSync('half', data.subarray(0, 100_000));
    await client.downloadTo('half', NAME, 100_000);
    assert.deepEqual(readFileSync('half'), data);
    await client.rename(NAME, 'new name');
    const [entry, ...others] = await client.list();
    assert.deepEqual([entry.name, entry.size, others], ['new name', data.length, []]);

    await client.remove('new name');
    await client.cdup();
    await client.removeDir(FOLDER);
    assert.deepEqual(await client.list(), []);
  },

  async tree(client) {
    await client.uploadFromDir('planted', 'tree');
    await client.downloadToDir('back', 'tree');
  },

  async many(client) {
    await client.uploadFromDir('many');
    assert.equal((await client.list()).length, readdirSync('many').length);
    await client.downloadToDir('back');
    await client.clearWorkingDir();
    assert.deepEqual(await client.list(), []);
  },
};

const client = new Client(20_000);
try {
  await client.access({
    host: at.FTP_HOST,
    port: Number(at.FTP_PORT),
    user: at.FTP_USER,
    password: at.FTP_PASSWORD,
    secure: { plain: false, explicit: true, implicit: 'implicit' }[at.FTP_TLS],
    secureOptions: { ca: readFileSync(at.FTP_CERTIFICATE), checkServerIdentity: () => undefined },
  });
  await client.cd(at.FTP_FOLDER);
  await checks[process.argv[2]](client);
} finally {
  client.close();
}
