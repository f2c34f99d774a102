#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device-times.h"
#include "distance.h"
#include "floor-side.h"
#include "floor-slices.h"

enum {
	SLICE_MS = 75,
	/* A request sent so soon behind a reading is early: the reading may still disturb it. */
	EARLY_US = 2000,
	/* How long a reading waits for the helper. */
	PATIENCE_MS = 20,
	/* After so many readings in a row without the helper, nobody waits for it any more. */
	FAILURES_IN_A_ROW = 3,
	CALIBRATION_US = 20000,
};

struct measured_slice {
	/* Of the reading before it. */
	double reading_begin_ns, reading_end_ns;
	bool is_read;
	struct distance_reading distance;
	double begin_ns, end_ns;
	/* Where in the list of counts its parts end. */
	size_t counts_end[PARTS];
};

static struct window window;
/* It sleeps between readings, and ends with the process; NULL: it could not be started. */
static struct distance_helper *helper;
static bool real_time;
static int failures;
/* Why the distance is unknown; empty where it was measured. */
static char unknown[160];

/* By the counter: what is left of the window, and where the open slice began. */
static uint64_t counter_hz, left_ticks, begin_ticks;

/* One more than there are slices: the reading before it is the one behind the last. */
static struct measured_slice *slices;
static size_t slice_count, slice_room;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct window window_of(char **arguments)
{
	return (struct window){
		.warmup_s = atof(arguments[0]),
		.duration_s = atof(arguments[1]),
		.server_core = number(arguments[2], "SERVER_CORE", 0, CPU_SETSIZE - 1),
	};
}

double measure_counter_hz(void)
{
	uint64_t first, second;
	double first_ns, second_ns;

	counter_beside_clock(&first, &first_ns);
	usleep(CALIBRATION_US);
	counter_beside_clock(&second, &second_ns);
	return (double)(second - first) * 1e9 / (second_ns - first_ns);
}

void prepare_window(const struct window *measured, uint64_t hz)
{
	window = *measured;
	counter_hz = hz;
	left_ticks = (uint64_t)(window.duration_s * (double)hz);
	helper = distance_open((int)window.server_core, &real_time);
	if (helper != NULL)
		return;
	if (errno == EINVAL)
		snprintf(unknown, sizeof(unknown), "core %u is not one that this process may run on",
			 window.server_core);
	else
		snprintf(unknown, sizeof(unknown), "the helper on core %u could not be started: %s",
			 window.server_core, strerror(errno));
}

static void read_distance(struct measured_slice *slice)
{
	slice->reading_begin_ns = now_ns();
	slice->is_read =
		failures < FAILURES_IN_A_ROW && distance_measure(helper, PATIENCE_MS * 1e6, &slice->distance);
	slice->reading_end_ns = now_ns();
	failures = slice->is_read ? 0 : failures + 1;
	if (failures == FAILURES_IN_A_ROW)
		snprintf(unknown, sizeof(unknown), "the helper did not get core %u in time",
			 window.server_core);
}

bool open_slice(struct slice *slice)
{
	const uint64_t slice_ticks = counter_hz / 1000 * SLICE_MS;

	slices = grown(slices, sizeof(*slices), slice_count, &slice_room);
	if (helper != NULL)
		read_distance(&slices[slice_count]);
	if (left_ticks == 0)
		return false;
	/* Of what is left, so that no slice is much shorter than the others. */
	const uint64_t parts = (left_ticks + slice_ticks / 2) / slice_ticks;

	slices[slice_count].begin_ns = now_ns();
	begin_ticks = counter_now();
	slice->early_ends = begin_ticks + counter_hz / 1000000 * EARLY_US;
	slice->closes = begin_ticks + left_ticks / (parts > 0 ? parts : 1);
	return true;
}

void close_slice(void)
{
	struct measured_slice *slice = &slices[slice_count++];
	const uint64_t took = counter_now() - begin_ticks;

	slice->end_ns = now_ns();
	left_ticks -= took < left_ticks ? took : left_ticks;
	slice->counts_end[EARLY] = move_counts(EARLY);
	slice->counts_end[LATE] = move_counts(LATE);
}

static void write_reading(FILE *out, const struct measured_slice *slice)
{
	if (helper == NULL)
		return;
	fprintf(out, "reading %.0f %.0f", slice->reading_begin_ns, slice->reading_end_ns);
	if (slice->is_read)
		fprintf(out, " %.1f %.1f %.0f %.1f %.1f\n", slice->distance.median_ns, slice->distance.min_ns,
			slice->distance.waited_ns, slice->distance.caller_work_ns,
			slice->distance.helper_work_ns);
	else
		fputs(" failed\n", out);
}

int write_window(FILE *out, const char *stands_on, const char *version)
{
	const char *scheduled = real_time ? "real_time" : "ordinary";
	size_t written = 0;

	fprintf(out, "tsc_hz %" PRIu64 "\nversion %s %s\n", counter_hz, stands_on, version);
	fprintf(out, "helper %s\n", helper == NULL ? "none" : scheduled);
	if (*unknown != '\0')
		fprintf(out, "unknown %s\n", unknown);
	fprintf(out, "early_ns %d\n", EARLY_US * 1000);
	for (size_t i = 0; i < slice_count; i++) {
		const struct measured_slice *slice = &slices[i];

		write_reading(out, slice);
		fprintf(out, "slice %.0f %.0f\nearly\n", slice->begin_ns, slice->end_ns);
		write_counts(out, written, slice->counts_end[EARLY]);
		fputs("late\n", out);
		write_counts(out, slice->counts_end[EARLY], slice->counts_end[LATE]);
		written = slice->counts_end[LATE];
	}
	write_reading(out, &slices[slice_count]);
	const int failed = ferror(out);

	return fclose(out) != 0 || failed ? -1 : 0;
}
