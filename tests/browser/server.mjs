// The built binary, started as a user would start it: an empty data folder, ports that are free.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_WITHIN_MS = 60_000;

/** Starts `quaymaster serve` and resolves once its pages answer. */
export async function startServer({ demo = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'quaymaster-browser-'));
  const ports = { ftp: await freePort(), web: await freePort(), metrics: await freePort() };
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) {
    if (name.startsWith('QUAYMASTER_')) delete environment[name];
  }
  Object.assign(environment, {
    QUAYMASTER_DATA_DIR: join(folder, 'data'),
    QUAYMASTER_FTP_LISTEN: `127.0.0.1:${ports.ftp}`,
    QUAYMASTER_FTPS_LISTEN: 'off',
    QUAYMASTER_WEB_LISTEN: `127.0.0.1:${ports.web}`,
    QUAYMASTER_METRICS_LISTEN: `127.0.0.1:${ports.metrics}`,
  });

  const binary = process.env.QUAYMASTER_TEST_BINARY ?? 'target/debug/quaymaster';
  const options = { env: environment, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn(binary, ['serve', ...(demo ? ['--demo'] : [])], options);
  let output = '';
  child.stdout.on('data', (data) => { output += data; });
  child.stderr.on('data', (data) => { output += data; });
  let ended = false;
  const end = new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', (error) => { output += error; resolve(); });
  }).then(() => { ended = true; });

  const server = {
    folder,
    ports,
    url: `http://127.0.0.1:${ports.web}`,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await end;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const answers = () => fetch(`${server.url}/`, { redirect: 'manual' }).then(() => true, () => false);
  const ready = async () => /set-up|sign in/i.test(output) && await answers();
  if (!await until(() => ended || ready(), READY_WITHIN_MS) || ended) {
    await server.stop();
    throw new Error(`the server did not start:\n${output}`);
  }
  return server;
}

/** Asks `question` again and again until it says yes; says no when the time is over. */
export async function until(question, withinMs) {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    if (await question()) return true;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  return false;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
