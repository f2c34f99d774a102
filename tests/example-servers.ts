/** Starts the example servers and their peers in C as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
export const bypassbench = join(root, 'bin', 'bypassbench');

/** Path of a peer in C. */
export const posix = (name: string): string =>
  join(root, 'libos', 'examples', 'posix', 'build', `posix-${name}`);

export interface ReadyLine {
  ready: boolean;
  address: string;
  port: number;
  pid: number;
}

export class ExampleServers {
  readonly #started: ChildProcess[] = [];

  /** The line of a server that has said that it is ready. */
  async start(program: string, args: readonly string[]): Promise<ReadyLine> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#started.push(child);
    for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as ReadyLine;
    throw new Error(`${program} ended before it was ready`);
  }

  /** Tells all to end; their exit codes. */
  async end(): Promise<(number | null)[]> {
    return Promise.all(
      this.#started.splice(0).map(async (child) => {
        if (child.exitCode !== null) return child.exitCode;
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        return (await exited)[0] as number | null;
      }),
    );
  }
}
