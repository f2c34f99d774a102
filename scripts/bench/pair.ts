/** Runs two programs that talk to each other: the server first, the client when that is ready. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

/** The cores of servers and of clients. */
export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** One end waits for the other for ever. */
const TIMEOUT_MS = 120_000;
/** How long a server that echoes for ever is left alone once its client has ended. */
const FAREWELL_MS = 2000;

/**
 * `commands` makes the two command lines from a folder for what lies between them, such as a socket. Returns what each
 * printed, without the server's first line, which says that it is ready.
 */
export async function runPair(
  commands: (folder: string) => { server: string[]; client: string[] },
): Promise<{ server: string; client: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bypassbench-pair-'));
  const argv = commands(folder);
  const server = execa(argv.server[0], argv.server.slice(1), { reject: false, timeout: TIMEOUT_MS });
  try {
    await new Promise<void>((resolve, reject) => {
      server.stdout.once('data', () => resolve());
      void server.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)));
    });
    const { stdout } = await execa(argv.client[0], argv.client.slice(1), { timeout: TIMEOUT_MS });
    await Promise.race([server, sleep(FAREWELL_MS)]);
    server.kill('SIGKILL');
    const said = await server;
    return { server: said.stdout.split('\n').slice(1).join('\n'), client: stdout };
  } finally {
    server.kill('SIGKILL');
    await server;
    await rm(folder, { recursive: true, force: true });
  }
}
