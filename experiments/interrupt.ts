/**
 * Ctrl-C: the first one (or SIGTERM, or a closed terminal) asks the run to stop, the second one kills at
 * once.
 */

/** 128 + SIGINT, as shells count it. */
export const INTERRUPTED_EXIT_CODE = 130;

/**
 * npm passes on a Ctrl-C that the terminal has sent to its whole process group already: one key press arrives
 * twice.
 */
const SAME_KEY_PRESS_MS = 300;

/** Under nohup a closed terminal interrupts nothing (bin/bypassbench says whether it is so). */
const signals: readonly NodeJS.Signals[] =
  process.env.BYPASSBENCH_HANGUP === 'ignored' ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Does `work` with a signal that aborts at the first interruption. `cleanUp` is called once it has settled,
 * or, however else this process ends, as it exits.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  cleanUp: () => void,
): Promise<T> {
  const controller = new AbortController();
  let firstAt = 0;
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      process.stderr.write('\nstopping; once more to kill at once\n');
      controller.abort();
    } else if (performance.now() - firstAt > SAME_KEY_PRESS_MS) {
      process.exit(INTERRUPTED_EXIT_CODE);
    }
  };
  process.on('exit', cleanUp);
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    process.off('exit', cleanUp);
    cleanUp();
  }
}
