#include <inttypes.h>
#include <stdlib.h>

#include "floor-counts.h"
#include "floor-side.h"

enum {
	/* Longer round trips are rare, and kept one by one. */
	COUNTED_TICKS = 1 << 20,
};

static uint64_t counts[COUNTED_TICKS];
static uint64_t *longer;
static size_t longer_count, longer_room;

void record(uint64_t ticks)
{
	if (ticks < COUNTED_TICKS) {
		counts[ticks]++;
		return;
	}
	if (longer_count == longer_room) {
		longer_room = 2 * longer_room + 1024;
		longer = realloc(longer, longer_room * sizeof(*longer));
		if (longer == NULL)
			fail("no memory for the times measured");
	}
	longer[longer_count++] = ticks;
}

int write_counts(FILE *out, const struct window *window)
{
	fprintf(out, "tsc_hz %" PRIu64 "\nelapsed_ticks %" PRIu64 "\n", window->hz, window->elapsed_ticks);
	fprintf(out, "%s %s\n", window->stands_on, window->version);
	for (size_t ticks = 0; ticks < COUNTED_TICKS; ticks++) {
		if (counts[ticks] > 0)
			fprintf(out, "%zu %" PRIu64 "\n", ticks, counts[ticks]);
	}
	for (size_t i = 0; i < longer_count; i++)
		fprintf(out, "%" PRIu64 " 1\n", longer[i]);
	const int failed = ferror(out);

	return fclose(out) != 0 || failed ? -1 : 0;
}
