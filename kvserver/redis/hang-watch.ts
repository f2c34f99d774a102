/**
 * Whether a Redis that was told to end cannot, since the network below it does not return. Its own handler of
 * the signal only notes that it came, and the thread that would look at the note hangs.
 *
 * Redis itself may take as long as it likes, as to save its data: what counts is that the thread is outside of
 * it, and comes back to it in no turn of the loop, of which there are a thousand a second.
 */
import { sharedTables } from './library.ts';

const LOOK_EVERY_MS = 1000;
/** Looks and not a time: a process that was stopped has not looked. */
const HANGS_AFTER_LOOKS = 10;

/**
 * From the main thread, once Redis runs: calls `hangs` when it does, after ten seconds. Returns what ends the
 * watch.
 */
export function watchForHang(hangs: () => void): () => void {
  const tables = sharedTables();
  let seen = -1;
  let looks = 0;
  const timer = setInterval(() => {
    const { calls } = tables;
    const stands = tables.endSignals > 0 && !tables.isInRedis && calls === seen;
    seen = calls;
    looks = stands ? looks + 1 : 0;
    if (looks === HANGS_AFTER_LOOKS) hangs();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
