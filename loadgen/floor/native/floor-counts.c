#include <inttypes.h>
#include <stdlib.h>

#include "floor-counts.h"
#include "floor-side.h"

enum {
	/* Longer round trips are rare, and kept one by one. */
	COUNTED_TICKS = 1 << 20,
	FIRST_ROOM = 1024,
};

struct table {
	uint32_t counts[COUNTED_TICKS];
	/* Which counts are not 0: between two slices those alone are set to 0, not some megabytes. */
	uint32_t touched[COUNTED_TICKS];
	uint32_t touched_count;
	uint64_t *longer;
	size_t longer_count, longer_room;
};

struct counted {
	uint64_t ticks, count;
};

static struct table tables[PARTS];
static struct counted *list;
static size_t list_count, list_room;

void *grown(void *items, size_t item_bytes, size_t count, size_t *room)
{
	if (count < *room)
		return items;
	*room = 2 * count + FIRST_ROOM;
	items = realloc(items, *room * item_bytes);
	if (items == NULL)
		fail("no memory for the times measured");
	return items;
}

void record(enum part part, uint64_t ticks)
{
	struct table *table = &tables[part];

	if (ticks < COUNTED_TICKS) {
		if (table->counts[ticks]++ == 0)
			table->touched[table->touched_count++] = (uint32_t)ticks;
		return;
	}
	table->longer =
		grown(table->longer, sizeof(*table->longer), table->longer_count, &table->longer_room);
	table->longer[table->longer_count++] = ticks;
}

static void append(uint64_t ticks, uint64_t count)
{
	list = grown(list, sizeof(*list), list_count, &list_room);
	list[list_count++] = (struct counted){.ticks = ticks, .count = count};
}

size_t move_counts(enum part part)
{
	struct table *table = &tables[part];

	for (uint32_t i = 0; i < table->touched_count; i++) {
		const uint32_t ticks = table->touched[i];

		append(ticks, table->counts[ticks]);
		table->counts[ticks] = 0;
	}
	for (size_t i = 0; i < table->longer_count; i++)
		append(table->longer[i], 1);
	table->touched_count = 0;
	table->longer_count = 0;
	return list_count;
}

void write_counts(FILE *out, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		fprintf(out, "%" PRIu64 " %" PRIu64 "\n", list[i].ticks, list[i].count);
}
