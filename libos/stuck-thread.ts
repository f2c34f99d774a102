/**
 * A thread that neither returns nor can be ended: it is in a call outside of JavaScript, such as one into a device's
 * library that waits for somebody who has died. Node waits for all its threads, so only the operating system can end
 * such a process.
 */
import { readFileSync, readlinkSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { libc } from './native/libc.ts';

const STDERR = 2;

/** Linux's number of the calling thread. */
export function currentThread(): number {
  return Number(basename(readlinkSync('/proc/thread-self')));
}

/** Says what the thread of this process is in, and ends the process, with exit code 1. */
export function endProcessWith(thread: number): never {
  writeSync(
    STDERR,
    `bypassbench: the process is ended: its data path (thread ${thread}) does not return from a call outside of ` +
      `JavaScript, ${stateOf(thread)}\n`,
  );
  const exit = libc.func('_exit', 'void', ['int']);
  exit(1);
  throw new Error('_exit has returned');
}

/** Where the kernel sees it. */
function stateOf(thread: number): string {
  const read = (file: string) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/${file}`, 'utf8').trim();
    } catch {
      return '';
    }
  };
  const state = /^State:\s*(.*)$/m.exec(read('status'))?.[1] ?? 'of which nothing is known';
  const waits = read('wchan');
  return waits === '' || waits === '0' ? `in state ${state}` : `in state ${state}, waiting in ${waits}`;
}
