/** What one of several load generators of a server, and who starts them, have in common: words and files. */

/** What it says on standard output, each as a line: its keys are filled; it could begin. */
export const POPULATED_LINE = '{"populated":true}';
export const READY_LINE = '{"ready":true}';

/**
 * Histograms in ns of what its result has as quantiles only, in the form of the others, to be merged; none in a closed
 * loop.
 */
export const MERGEABLE_FILES = { lag: 'schedule.lag.hdr', ownLag: 'schedule.own-lag.hdr' } as const;

/** That of the service times of an operation. */
export function serviceTimeFile(operation: string): string {
  return `${operation}.service.hdr`;
}
