// Uploads with curl, as a customer would: over TLS, slowly if somebody wants to watch.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = 8 * 1024 * 1024;

/** Starts an upload; `bytesPerSecond` slows it down. `stop()` ends it. */
export function startUpload(server, { name, password }, { file = 'report.bin', bytesPerSecond } = {}) {
  const source = join(server.folder, 'source.bin');
  writeFileSync(source, Buffer.alloc(SIZE, 'quay'));
  const slowly = bytesPerSecond ? ['--limit-rate', String(bytesPerSecond)] : [];
  const child = spawn('curl', [
    '--verbose', '--silent', '--show-error', '--ssl-reqd', '--insecure', '--disable-epsv', ...slowly,
    '--user', `${name}:${password}`, '--upload-file', source,
    `ftp://127.0.0.1:${server.ports.ftp}/${file}`,
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => { said += data; });
  const ended = new Promise((resolve) => { child.once('close', resolve); });
  return {
    /** The exit code, once there is one. */
    ended,
    /** What curl and the server said to each other. */
    said: () => said,
    stop: () => child.kill(),
  };
}

/** Uploads a file and says how it went: exit code, conversation, passive port. */
export async function upload(server, account, options) {
  const running = startUpload(server, account, options);
  const exit = await running.ended;
  const [, high, low] = running.said().match(/227 .*\(\d+,\d+,\d+,\d+,(\d+),(\d+)\)/) ?? [];
  return { exit, said: running.said(), port: Number(high) * 256 + Number(low) };
}
