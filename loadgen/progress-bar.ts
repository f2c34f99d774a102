/** A progress bar on standard error for a running data path. */
import cliProgress from 'cli-progress';

const PROGRESS_EVERY_MS = 200;

/**
 * Shows the bar where standard error is a terminal; returns null elsewhere.
 * @param progress shared with the data path: [phase, done in it, its total]
 */
export function showProgress(progress: Float64Array, phaseNames: readonly string[]): { stop(): void } | null {
  if (!process.stderr.isTTY) return null;
  const bar = new cliProgress.SingleBar({
    format: '{phase} [{bar}] {percentage}%',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0, { phase: phaseNames[0] });
  const timer = setInterval(() => {
    const [phase, done, total] = progress;
    bar.setTotal(total || 1);
    bar.update(Math.min(done, total), { phase: phaseNames[phase] });
  }, PROGRESS_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}
