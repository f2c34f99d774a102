/*
 * How often a floor's round trips took how long, in ticks of the time-stamp counter. The round trips of one
 * part of a slice are counted in a table while it is open; then their times and counts go to the end of a
 * list, which is written when the window is over.
 */
#ifndef BYPASSBENCH_FLOOR_COUNTS_H
#define BYPASSBENCH_FLOOR_COUNTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum part { EARLY, LATE, PARTS };

/* All that need memory fail where there is none. Counts one round trip. */
void record(enum part part, uint64_t ticks);

/* Moves what a part has counted to the list, in no order. Returns the list's length. */
size_t move_counts(enum part part);

/* Writes a line `TICKS COUNT` for each entry of the list from `first` to before `end`. */
void write_counts(FILE *out, size_t first, size_t end);

/* The items with room for one more than `count`: they may lie elsewhere then. */
void *grown(void *items, size_t item_bytes, size_t count, size_t *room);

#endif
