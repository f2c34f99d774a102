/*
 * The measured window of a floor, cut into slices. Before each slice and behind the last, with nothing in
 * flight, the client reads the distance between its core and the server's (libos/native/distance.h). Then the
 * window leaves the process as text:
 *
 *     tsc_hz 2445406000                      of the counter, per second
 *     version linux 6.1.0-39                 what the program stands on, and its version
 *     helper real_time                       its scheduling: real_time, ordinary; none: it could not start
 *     unknown the helper did not ...         why the distance is unknown; left out where it was measured
 *     early_ns 2000000                       requests sent so long behind the begin of a slice are early
 *     reading 81020 81070 112.4 98.1 45000 480.1 481.2
 *                                            begin, end; there and back: median, minimum; wait for the helper;
 *                                            a piece of work on the client's core, and on the server's
 *     slice 81071 156102                     begin, end
 *     early
 *     24113 3                                a round trip of so many ticks, so many times
 *     late
 *     24090 17
 *     reading 156190 176200 failed
 *
 * Times are CLOCK_MONOTONIC, in ns. The other side: loadgen/floor/counts-text.ts.
 */
#ifndef BYPASSBENCH_FLOOR_SLICES_H
#define BYPASSBENCH_FLOOR_SLICES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "floor-counts.h"

struct window {
	double warmup_s;
	/* Of all slices together. */
	double duration_s;
	uint32_t server_core;
};

enum { WINDOW_ARGUMENTS = 3 };
#define WINDOW_USAGE "WARMUP_S DURATION_S SERVER_CORE"

/* The slice that is open, by the counter. */
struct slice {
	uint64_t early_ends;
	uint64_t closes;
};

struct window window_of(char **arguments);

/* Of the counter, against the clock: there is no portable way to ask for its frequency. Takes 20 ms. */
double measure_counter_hz(void);

/* Starts the helper. The counter has `hz` ticks a second. */
void prepare_window(const struct window *window, uint64_t hz);

/*
 * Takes a reading and opens the window's next slice. Returns false, with the reading behind the last slice
 * taken, where the window is over.
 */
bool open_slice(struct slice *slice);

/* Counts a round trip that was sent in the open slice. */
static inline void count_round_trip(const struct slice *slice, uint64_t sent, uint64_t received)
{
	record(sent < slice->early_ends ? EARLY : LATE, received - sent);
}

/* Right behind the slice's last reply. */
void close_slice(void);

/* Writes and closes. Returns 0, or -1 when not all of it could be written. */
int write_window(FILE *out, const char *stands_on, const char *version);

#endif
