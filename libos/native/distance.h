/*
 * The distance of two cores: how long a cache line takes from one to the other and back. The caller stands on one core;
 * a helper thread on the other sleeps until it is called, at a real-time priority where it may have one.
 */
#ifndef BYPASSBENCH_DISTANCE_H
#define BYPASSBENCH_DISTANCE_H

#include <stdbool.h>

struct distance_helper;

struct distance_reading {
	/* There and back, over the groups of rounds of this reading. */
	double median_ns;
	double min_ns;
	/* From the call to the helper's arrival on its core. */
	double waited_ns;
	/*
	 * What a fixed piece of work takes on each core, which keeps all of a core's units busy: more where somebody
	 * else uses them too, such as the core's other thread.
	 */
	double caller_work_ns;
	double helper_work_ns;
};

/*
 * Starts the helper on the core. NULL, with errno, where that cannot be: EINVAL for a core that this process may not
 * run on. `*real_time` says whether it got a real-time priority. Takes some 2 ms.
 */
struct distance_helper *distance_open(int core, bool *real_time);

/*
 * Calls the helper, waits at most `patience_ns` for it, and bounces lines with it some 140 times, for 50 us or so
 * at most. False, with the reading untouched, where the helper did not come, or lost its core meanwhile, or where the
 * caller is on that very core. One thread calls at a time. Allocates nothing; its only system call is the wake-up.
 */
bool distance_measure(struct distance_helper *helper, double patience_ns, struct distance_reading *reading);

/* Processor time that the helper has had so far, what its waking and sleeping take included. */
double distance_helper_ns(struct distance_helper *helper);

/* Ends the helper. */
void distance_close(struct distance_helper *helper);

#endif
