/*
 * An endpoint of shm that is opened before it is needed, by a thread of its own: the memory that it shares takes
 * milliseconds to come in, in which a data path would serve nobody.
 *
 * It is like one that is open, by whose description it is made: libfabric is not asked again what there is, since in
 * that it takes over signals of the process (fabric.c).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fabric.h"

struct ahead {
	pthread_t thread;
	struct fi_info *info;
	int receives;
	uint32_t receive_bytes;
	bool wakes;
	/* The endpoint's number, or -1, when `done`. */
	int number;
	atomic_bool done;
};

static struct ahead *ahead_at(double address)
{
	return (struct ahead *)(uintptr_t)address;
}

static void *open_it(void *value)
{
	struct ahead *ahead = value;

	ahead->number = open_endpoint(ahead->info, ahead->receives, ahead->receive_bytes, ahead->wakes);
	atomic_store(&ahead->done, true);
	return NULL;
}

/* On no core of the process where the caller is, if there is another. Takes no signal of others. */
static int start(struct ahead *ahead)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	cpu_set_t cores;
	int result;

	pthread_attr_init(&attributes);
	if (sched_getaffinity(getpid(), sizeof(cores), &cores) == 0) {
		if (CPU_COUNT(&cores) > 1)
			CPU_CLR(sched_getcpu(), &cores);
		pthread_attr_setaffinity_np(&attributes, sizeof(cores), &cores);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&ahead->thread, &attributes, open_it, ahead);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return result;
}

/*
 * Begins to open another endpoint of shm like that of this number, with a name of its own, for at most `receives`
 * receives. `wakes`: for a thread that will sleep. Returns its address, or 0 where it cannot.
 */
EXPORT double fabric_open_ahead(int like, const char *name, int receives, int wakes)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));

	if (ahead == NULL)
		return 0;
	ahead->receives = receives;
	ahead->wakes = wakes != 0;
	ahead->receive_bytes = endpoints[like]->receive_bytes;
	ahead->info = fi_dupinfo(endpoints[like]->info);
	if (ahead->info == NULL) {
		free(ahead);
		return 0;
	}
	set_name(ahead->info, name, receives);
	if (start(ahead) != 0) {
		fi_freeinfo(ahead->info);
		free(ahead);
		return 0;
	}
	return (double)(uintptr_t)ahead;
}

EXPORT int fabric_is_ahead(double address)
{
	return atomic_load(&ahead_at(address)->done);
}

/* Waits for it, and forgets it. Returns the endpoint's number, from now on of this thread, or -1. */
EXPORT int fabric_take_ahead(double address)
{
	struct ahead *ahead = ahead_at(address);
	int number;

	pthread_join(ahead->thread, NULL);
	number = ahead->number;
	free(ahead);
	if (number < 0)
		return fail("an endpoint could not be opened ahead");
	endpoints[number]->watch = watch_this_thread();
	return number;
}
