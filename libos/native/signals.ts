/**
 * Keeps the handlers of signals over the loading of a library: some that libfabric needs (libinfinipath, libpsm2) take
 * SIGINT, SIGTERM and those of crashes for themselves as they are loaded, and end the process without a word.
 */
import { libc } from './libc.ts';

/** struct sigaction of glibc, on x86-64 and arm64. */
const SIGACTION_BYTES = 152;
/** Behind it are the real-time signals. */
const LAST_SIGNAL = 31;

const sigaction = libc.func('int sigaction(int, const void *, void *)');

/** What `load` returns. */
export function keepingSignalHandlers<T>(load: () => T): T {
  const before = Array.from({ length: LAST_SIGNAL }, () => Buffer.alloc(SIGACTION_BYTES));
  for (const [index, action] of before.entries()) sigaction(index + 1, null, action);
  try {
    return load();
  } finally {
    // Of SIGKILL and SIGSTOP, which nobody handles, it fails.
    for (const [index, action] of before.entries()) sigaction(index + 1, action, null);
  }
}
