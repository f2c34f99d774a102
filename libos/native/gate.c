/*
 * Puts EAL's registration of interrupt callbacks behind the gate (see gate.h).
 *
 * The glue is loaded with its symbols global and before any driver, so a driver's call of
 * rte_intr_callback_register and its kin arrives here first; the functions of EAL are called in turn. A program of
 * which this is a part exports its symbols (-rdynamic) to the same end. Only the callbacks of net_memif are changed:
 * no other driver takes memory from under a burst.
 */
#define _GNU_SOURCE
#include "gate.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_interrupts.h>

struct gate_lane gate_lanes[GATE_LANES];
atomic_int gate_waiting;
atomic_int gate_passages;

/* A driver's callback, and how it is known to EAL: (pass, this). */
struct gated {
	struct gated *next;
	const struct rte_intr_handle *handle;
	rte_intr_callback_fn callback;
	void *argument;
	rte_intr_unregister_callback_fn farewell;
	int fd;
	int owner;
	/* Taken back, perhaps while its call was waiting at the gate. */
	bool dead;
	/* Nobody else closes its file descriptor. */
	bool closes;
};

static pthread_mutex_t control = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gated *registered;
static _Thread_local int current_owner = -1;
static _Thread_local struct rte_intr_handle **noted;

static int (*eal_register)(const struct rte_intr_handle *, rte_intr_callback_fn, void *);
static int (*eal_unregister)(const struct rte_intr_handle *, rte_intr_callback_fn, void *);
static int (*eal_unregister_pending)(const struct rte_intr_handle *, rte_intr_callback_fn, void *,
				     rte_intr_unregister_callback_fn);
static struct rte_intr_handle *(*eal_instance_alloc)(uint32_t);
static void (*eal_instance_free)(struct rte_intr_handle *);

__attribute__((constructor)) static void find_eal(void)
{
	eal_register = dlsym(RTLD_NEXT, "rte_intr_callback_register");
	eal_unregister = dlsym(RTLD_NEXT, "rte_intr_callback_unregister");
	eal_unregister_pending = dlsym(RTLD_NEXT, "rte_intr_callback_unregister_pending");
	eal_instance_alloc = dlsym(RTLD_NEXT, "rte_intr_instance_alloc");
	eal_instance_free = dlsym(RTLD_NEXT, "rte_intr_instance_free");
}

void gate_lock(void)
{
	pthread_mutex_lock(&control);
}

void gate_unlock(void)
{
	pthread_mutex_unlock(&control);
}

void gate_set_owner(int owner)
{
	current_owner = owner;
}

static void wait_until_nobody_is_inside(void)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000};

	for (int lane = 0; lane < GATE_LANES; lane++) {
		while (atomic_load(&gate_lanes[lane].inside))
			nanosleep(&pause, NULL);
	}
}

static void ring_bells(void)
{
	const uint64_t one = 1;

	for (int lane = 0; lane < GATE_LANES; lane++) {
		int bell = atomic_load(&gate_lanes[lane].bell);

		/* A bell that is full has been heard. */
		if (bell > 0 && write(bell, &one, sizeof(one)) < 0)
			continue;
	}
}

static void pass(void *argument)
{
	struct gated *gated = argument;

	gate_lock();
	atomic_fetch_add(&gate_waiting, 1);
	wait_until_nobody_is_inside();
	if (!gated->dead)
		gated->callback(gated->argument);
	atomic_fetch_add(&gate_passages, 1);
	atomic_fetch_sub(&gate_waiting, 1);
	ring_bells();
	gate_unlock();
}

static bool is_gated(rte_intr_callback_fn callback)
{
	Dl_info object;

	return dladdr((void *)callback, &object) != 0 && strstr(object.dli_fname, "librte_net_memif") != NULL;
}

static struct gated *find(const struct rte_intr_handle *handle, rte_intr_callback_fn callback, void *argument)
{
	struct gated *gated;

	pthread_mutex_lock(&list_lock);
	for (gated = registered; gated != NULL; gated = gated->next) {
		if (gated->handle == handle && gated->callback == callback && gated->argument == argument)
			break;
	}
	pthread_mutex_unlock(&list_lock);
	return gated;
}

static void forget(struct gated *gated)
{
	pthread_mutex_lock(&list_lock);
	for (struct gated **link = &registered; *link != NULL; link = &(*link)->next) {
		if (*link == gated) {
			*link = gated->next;
			break;
		}
	}
	pthread_mutex_unlock(&list_lock);
	if (gated->closes)
		close(gated->fd);
	free(gated);
}

/* EAL's word that the last call of a callback is over. */
static void bid_farewell(struct rte_intr_handle *handle, void *argument)
{
	struct gated *gated = argument;

	if (gated->farewell != NULL)
		gated->farewell(handle, gated->argument);
	forget(gated);
}

int rte_intr_callback_register(const struct rte_intr_handle *handle, rte_intr_callback_fn callback,
			       void *argument)
{
	struct gated *gated;
	int result;

	if (!is_gated(callback))
		return eal_register(handle, callback, argument);
	gated = calloc(1, sizeof(*gated));
	if (gated == NULL)
		return -ENOMEM;
	gated->handle = handle;
	gated->callback = callback;
	gated->argument = argument;
	gated->fd = rte_intr_fd_get(handle);
	gated->owner = current_owner;
	pthread_mutex_lock(&list_lock);
	gated->next = registered;
	registered = gated;
	pthread_mutex_unlock(&list_lock);
	result = eal_register(handle, pass, gated);
	if (result < 0)
		forget(gated);
	return result;
}

int rte_intr_callback_unregister(const struct rte_intr_handle *handle, rte_intr_callback_fn callback,
				 void *argument)
{
	struct gated *gated = find(handle, callback, argument);
	int result;

	if (gated == NULL)
		return eal_unregister(handle, callback, argument);
	result = eal_unregister(handle, pass, gated);
	if (result > 0)
		forget(gated);
	return result;
}

int rte_intr_callback_unregister_pending(const struct rte_intr_handle *handle, rte_intr_callback_fn callback,
					 void *argument, rte_intr_unregister_callback_fn farewell)
{
	struct gated *gated = find(handle, callback, argument);

	if (gated == NULL)
		return eal_unregister_pending(handle, callback, argument, farewell);
	gated->farewell = farewell;
	gated->dead = true;
	return eal_unregister_pending(handle, pass, gated, bid_farewell);
}

static void take_back(struct gated *gated)
{
	gated->dead = true;
	if (eal_unregister(gated->handle, pass, gated) == -EAGAIN)
		eal_unregister_pending(gated->handle, pass, gated, bid_farewell);
	else
		forget(gated);
}

/* What is registered for a handle or, without one, for an owner, and not taken back yet. */
static struct gated *find_live(const struct rte_intr_handle *handle, int owner)
{
	struct gated *gated;

	pthread_mutex_lock(&list_lock);
	for (gated = registered; gated != NULL; gated = gated->next) {
		if (!gated->dead && (handle != NULL ? gated->handle == handle : gated->owner == owner))
			break;
	}
	pthread_mutex_unlock(&list_lock);
	return gated;
}

void gate_note_instance(struct rte_intr_handle **place)
{
	noted = place;
}

struct rte_intr_handle *rte_intr_instance_alloc(uint32_t flags)
{
	struct rte_intr_handle *handle = eal_instance_alloc(flags);

	if (noted != NULL)
		*noted = handle;
	return handle;
}

/*
 * When a client is gone before it was greeted, net_memif of DPDK 22.11 closes and frees what it has
 * registered, and leaves it registered: EAL's interrupt thread then ends the process, as the descriptor is
 * none any more.
 */
void rte_intr_instance_free(struct rte_intr_handle *handle)
{
	struct gated *gated = handle == NULL ? NULL : find_live(handle, -1);

	if (gated != NULL)
		take_back(gated);
	eal_instance_free(handle);
}

/*
 * net_memif frees its listener but leaves it registered and open: a peer that connected in that moment would
 * be accepted into freed memory, and each port would cost a file descriptor.
 */
void gate_close_listeners(int owner)
{
	struct gated *gated;

	while ((gated = find_live(NULL, owner)) != NULL) {
		gated->closes = true;
		take_back(gated);
	}
}
