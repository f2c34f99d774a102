/** A program on a host that soon ends, and what it printed. */
import type { HostConnection } from './connection.ts';
import { readText } from './file-transfer.ts';

export interface Ran {
  /** As `exited with code 0`; null where it took too long and was stopped. */
  end: string | null;
  stdout: string;
  stderr: string;
}

export const SUCCEEDED = 'exited with code 0';

export async function runThere(
  connection: HostConnection,
  argv: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<Ran> {
  const { folder } = await connection.ask('folder', { shared: false });
  const [stdoutFile, stderrFile] = [`${folder}/stdout`, `${folder}/stderr`];
  const started = await connection.start({ argv, cores: [], cwd: folder, env: {}, stdoutFile, stderrFile });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const tooLate = new Promise<null>((resolve) => late.signal.addEventListener('abort', () => resolve(null)));
  const end = await Promise.race([started.ended, tooLate]);
  clearTimeout(timer);
  if (end === null) await started.stop(0);
  const [stdout, stderr] = [await readText(connection, stdoutFile), await readText(connection, stderrFile)];
  await connection.ask('remove_folder', { folder });
  return { end, stdout, stderr };
}
