/*
 * How often a floor's round trips took how long, in ticks of the time-stamp counter, and the text in which
 * that leaves the process: a line `tsc_hz N`, a line `elapsed_ticks N`, a line with the name and the version
 * of what the program stands on, then a line `TICKS COUNT` for each time that was measured. The other side:
 * loadgen/floor/counts.ts.
 */
#ifndef BYPASSBENCH_FLOOR_COUNTS_H
#define BYPASSBENCH_FLOOR_COUNTS_H

#include <stdint.h>
#include <stdio.h>

struct window {
	/* Of the counter, per second. */
	uint64_t hz;
	/* From the window's begin to its last reply. */
	uint64_t elapsed_ticks;
	const char *stands_on;
	const char *version;
};

/* Counts one round trip. Fails where there is no memory for it. */
void record(uint64_t ticks);

/* Writes and closes. Returns 0, or -1 when not all of it could be written. */
int write_counts(FILE *out, const struct window *window);

#endif
