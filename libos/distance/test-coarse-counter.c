/*
 * distance.c on a counter as coarse as that of many arm64 machines, some 25 MHz: the test of the probe compiles it, to
 * compare its readings with those by the real one.
 */
#define _GNU_SOURCE
#define counter_now fine_counter_now
#include "device-times.h"
#undef counter_now

static uint64_t counter_now(void)
{
	return fine_counter_now() / COARSER;
}

static void coarse_counter_beside_clock(uint64_t *counter, double *monotonic_ns)
{
	counter_beside_clock(counter, monotonic_ns);
	*counter /= COARSER;
}

#define counter_beside_clock coarse_counter_beside_clock
#include "distance.c"
