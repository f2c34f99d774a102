/** Programs that a test runs beside its servers. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What it prints on both outputs, when it ends well and was given this on its standard input. */
export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const running = execute(program, args);
  running.child.stdin?.end(input, 'latin1');
  const { stdout, stderr } = await running;
  return `${stdout}${stderr}`.trim();
}

/** A program that goes on printing. */
export class Printing {
  readonly #child;
  readonly #lines;

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next lines. */
  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) {
      const next = await this.#lines.next();
      if (next.done) throw new Error(`it ended after ${lines.length} of ${count} lines`);
      lines.push(next.value);
    }
    return lines;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}
