/*
 * The watchdog of data paths: a thread of this process that sees which call into a provider a data path is in, and ends
 * one that hangs.
 *
 * Processes that share memory lock parts of it for each other. Where one dies with such a lock held, whoever wants it
 * next spins for ever, in C, where nothing reaches it but a signal. So the data path notes where it may be brought back
 * to (sigsetjmp) and what it is in; and the watchdog looks every so often whether it is in the same call still, and has
 * used the processor for it all the time. What the call was about is in the middle of something then: it must not be
 * used again.
 *
 *     data path                                 watchdog
 *     sigsetjmp(watch->out)
 *     watch_enter: entered++, call = "..."      the same `entered` as last time, and so much processor time since?
 *     ... spins                                 condemned = entered; pthread_kill
 *     handler: condemned == entered?
 *              siglongjmp(out)
 *     watch_leave
 */
#ifndef BYPASSBENCH_WATCH_H
#define BYPASSBENCH_WATCH_H

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Of one thread. */
struct watch {
	sigjmp_buf out;
	/* What it is in; NULL: in nothing that could hang. */
	_Atomic(const char *) call;
	/* Times that it has entered a call. */
	atomic_uint entered;
	/* The one that it is to leave. */
	atomic_uint condemned;
	/*
	 * Whether it can be brought out of it, and the process of the peer whose end would be a reason to do that
	 * sooner; 0: none.
	 */
	atomic_bool leaves;
	atomic_int peer;
	/* The watchdog's own: what it saw last, and since which of the thread's processor time. */
	unsigned seen, named;
	double seen_ms;
	pthread_t thread;
	clockid_t clock;
	struct watch *next;
};

/* That of the calling thread, from now on watched until it ends. NULL where there can be no watchdog. */
struct watch *watch_this_thread(void);

/* Whether the process is there no more, or has ended and was not reaped. */
bool process_is_gone(int process);

static inline void watch_in(struct watch *watch, const char *call)
{
	atomic_store_explicit(&watch->call, call, memory_order_release);
}

/* After sigsetjmp, where it leaves. */
static inline void watch_enter(struct watch *watch, const char *call, int peer, bool leaves)
{
	unsigned entered = atomic_load_explicit(&watch->entered, memory_order_relaxed);

	atomic_store_explicit(&watch->peer, peer, memory_order_relaxed);
	atomic_store_explicit(&watch->leaves, leaves, memory_order_relaxed);
	atomic_store_explicit(&watch->entered, entered + 1, memory_order_relaxed);
	watch_in(watch, call);
}

/* Returns what it was in. */
static inline const char *watch_leave(struct watch *watch)
{
	const char *call = atomic_load_explicit(&watch->call, memory_order_relaxed);

	watch_in(watch, NULL);
	return call;
}

#endif
