/*
 * The gate between the data path and DPDK's interrupt thread.
 *
 * EAL's interrupt thread notifies drivers of a peer that comes or goes, and net_memif then maps or unmaps
 * the rings there and then: a burst under way on another thread would read unmapped memory. So its callbacks
 * are run through a gate. A thread on the data path says that it is inside before a burst; a callback says
 * that it waits, and runs when nobody is inside any more. Whoever finds a callback waiting leaves without a
 * burst.
 *
 *     data path                          interrupt thread
 *     gate_enter: inside = 1             waiting = 1
 *                 waiting? -> leave      inside of anybody? -> sleep
 *     bursts                             callback
 *     gate_leave: inside = 0             waiting = 0
 */
#ifndef BYPASSBENCH_GATE_H
#define BYPASSBENCH_GATE_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define GATE_LANES 32

/* One lane a port, each on a cache line of its own. */
struct gate_lane {
	_Alignas(64) atomic_int inside;
	/* An eventfd that is written to when a callback has run: for who sleeps. 0 for none. */
	atomic_int bell;
};
extern struct gate_lane gate_lanes[GATE_LANES];
extern atomic_int gate_waiting;
/* Counts the callbacks that ran: a port looks at its link again when it has changed. */
extern atomic_int gate_passages;

/* Whether a burst may be made; if not, gate_leave must not be called. */
static inline bool gate_enter(int lane)
{
	/* An exchange is a full barrier: the callback sees `inside`, or we see `waiting`. */
	atomic_exchange(&gate_lanes[lane].inside, 1);
	if (__builtin_expect(atomic_load_explicit(&gate_waiting, memory_order_acquire) != 0, 0)) {
		atomic_store_explicit(&gate_lanes[lane].inside, 0, memory_order_release);
		return false;
	}
	return true;
}

static inline void gate_leave(int lane)
{
	atomic_store_explicit(&gate_lanes[lane].inside, 0, memory_order_release);
}

/*
 * For who stays on the inside, where each entry would cost an exchange: lets a callback that waits run. To be called
 * between bursts, now and then: a callback waits as long.
 */
static inline void gate_give_way(int lane)
{
	if (__builtin_expect(atomic_load_explicit(&gate_waiting, memory_order_relaxed) == 0, 1))
		return;
	gate_leave(lane);
	while (!gate_enter(lane))
		sched_yield();
}

/* Keeps callbacks away while a port is opened, started, stopped or closed; not to be taken on the inside. */
void gate_lock(void);
void gate_unlock(void);
/* What drivers register on this thread from now on belongs to `owner`; -1: to nobody. */
void gate_set_owner(int owner);
/*
 * The next interrupt handle that a driver makes on this thread is written to `place`, until NULL takes its place: of a
 * queue that a driver sets up it says no more than that.
 */
struct rte_intr_handle;
void gate_note_instance(struct rte_intr_handle **place);
/* Takes back and closes what belongs to `owner`: drivers leave it behind when the port is removed. */
void gate_close_listeners(int owner);

#endif
