/**
 * An OpenSSH server for the tests of laboratories (tests/lab-rig.ts), where the machine has none: Debian's package,
 * unpacked into node_modules/.cache and never installed. So no daemon of this machine is started, now or later, and no
 * host key of it is made. Plain JavaScript without dependencies, for Node 20 and later, as set-up is.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say, step } from './step.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, 'node_modules', '.cache', 'sshd');
const INSTALLED = '/usr/sbin/sshd';
/** The server, and a library that few machines have besides it. */
const PACKAGES = 'openssh-server libwrap0';

/** The server's program, and the folder below which its package was unpacked; null where there is none. */
export function findSshd() {
  if (existsSync(INSTALLED)) return { program: INSTALLED, unpacked: '/' };
  const program = join(cache, INSTALLED);
  return existsSync(program) ? { program, unpacked: cache } : null;
}

export async function fetchSshd() {
  if (findSshd() !== null) return;
  const part = `${cache}.part`;
  const script = `rm -rf "$0" && mkdir -p "$0/unpacked" && cd "$0" && apt-get download -q ${PACKAGES} &&
    for package in *.deb; do dpkg-deb --extract "$package" unpacked; done`;
  const { succeeded } = await step({
    doing: 'unpacking an OpenSSH server for tests',
    done: 'unpacked an OpenSSH server for tests (installed and started is none)',
    command: 'sh',
    args: ['-c', script, part],
  });
  if (succeeded) renameSync(join(part, 'unpacked'), cache);
  rmSync(part, { recursive: true, force: true });
  if (!succeeded) {
    say(
      "going on without: tests of laboratories are left out. 'apt-get update' as root may help, or openssh-server installed",
    );
  }
}
