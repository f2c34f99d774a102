/*
 * Device times: when the last burst entered and left the device, or the last system call the kernel. Both
 * sides see this memory; the other side's layout is in libos/stamps/ring.ts, and it copies the times into the
 * stamps of pushes and pops.
 *
 * They are readings of the counter that all cores of a machine share: the time-stamp counter on x86-64, the
 * generic timer on arm64. It is read without a barrier, as DPDK reads it, so a reading may lie some 20 ns
 * beside its instruction.
 */
#ifndef BYPASSBENCH_DEVICE_TIMES_H
#define BYPASSBENCH_DEVICE_TIMES_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>
static inline uint64_t counter_now(void)
{
	return __rdtsc();
}
#else
static inline uint64_t counter_now(void)
{
	uint64_t now;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
	return now;
}
#endif

/* The counter and CLOCK_MONOTONIC in nanoseconds, read as near to each other as a few tries give. */
static inline void counter_beside_clock(uint64_t *counter, double *monotonic_ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 20; i++) {
		struct timespec now;
		uint64_t before = counter_now(), after;

		clock_gettime(CLOCK_MONOTONIC, &now);
		after = counter_now();
		if (after - before >= best)
			continue;
		best = after - before;
		*counter = before + best / 2;
		*monotonic_ns = (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
	}
}

struct device_times {
	/* Of the last burst, or call, that sent something, and of the last one that received something. */
	uint64_t handed_enter, handed_leave;
	uint64_t delivered_enter, delivered_leave;
	/* Written by the other side: every n-th window of time is stamped; 0 for none. */
	uint32_t every;
	/* Whether this window is. */
	uint32_t on;
	/* A window has so many bits of the counter; the same on both sides of a connection. */
	uint32_t window_bits;
};

_Static_assert(sizeof(struct device_times) == 48, "libos/stamps/ring.ts");

/* Whether anybody wants device times; NULL: nobody ever does. */
static inline int wanted(const struct device_times *times)
{
	return __builtin_expect(times != NULL && times->every != 0, 0);
}

static inline void look_at_window(struct device_times *times, uint64_t now)
{
	/* Another process may write it meanwhile. */
	uint32_t every = *(volatile uint32_t *)&times->every;

	times->on = every != 0 && (now >> times->window_bits) % every == 0;
}

#endif
