/*
 * What stamps need of C: the counter written where the other side says, the socket calls with their device
 * times, and how far the counters of two cores are apart.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "device-times.h"

#define EXPORT __attribute__((visibility("default")))

enum {
	ROUNDS = 20000,
	/* Rounds that a core that is not scheduled may be waited for: a second or so. */
	PATIENCE = 400000000,
};

EXPORT void write_counter(uintptr_t address)
{
	*(uint64_t *)address = counter_now();
}

EXPORT void write_clocks(uintptr_t counter, uintptr_t monotonic_ns)
{
	counter_beside_clock((uint64_t *)counter, (double *)monotonic_ns);
}

EXPORT int timed_send(int fd, uintptr_t bytes, size_t length, int flags, uintptr_t at)
{
	struct device_times *times = (struct device_times *)at;
	ssize_t result;

	if (!wanted(times))
		return (int)send(fd, (const void *)bytes, length, flags);
	times->handed_enter = counter_now();
	result = send(fd, (const void *)bytes, length, flags);
	times->handed_leave = counter_now();
	return (int)result;
}

EXPORT int timed_sendmsg(int fd, uintptr_t message, int flags, uintptr_t at)
{
	struct device_times *times = (struct device_times *)at;
	ssize_t result;

	if (!wanted(times))
		return (int)sendmsg(fd, (const struct msghdr *)message, flags);
	times->handed_enter = counter_now();
	result = sendmsg(fd, (const struct msghdr *)message, flags);
	times->handed_leave = counter_now();
	return (int)result;
}

EXPORT int timed_recv(int fd, uintptr_t bytes, size_t length, int flags, uintptr_t at)
{
	struct device_times *times = (struct device_times *)at;
	uint64_t enter;
	ssize_t result;

	if (!wanted(times))
		return (int)recv(fd, (void *)bytes, length, flags);
	enter = counter_now();
	look_at_window(times, enter);
	result = recv(fd, (void *)bytes, length, flags);
	if (result > 0) {
		times->delivered_enter = enter;
		times->delivered_leave = counter_now();
	}
	return (int)result;
}

EXPORT int timed_recvmsg(int fd, uintptr_t message, int flags, uintptr_t at)
{
	struct device_times *times = (struct device_times *)at;
	struct msghdr *const into = (struct msghdr *)message;
	uint64_t enter;
	ssize_t result;

	if (!wanted(times))
		return (int)recvmsg(fd, into, flags);
	enter = counter_now();
	look_at_window(times, enter);
	result = recvmsg(fd, into, flags);
	/* A datagram, whose sender is asked for, may be empty. */
	if (result > 0 || (result == 0 && into->msg_name != NULL)) {
		times->delivered_enter = enter;
		times->delivered_leave = counter_now();
	}
	return (int)result;
}

/*
 * Cristian's method between two cores: one asks, the other answers with its counter. The answer lies between
 * the asking and the hearing, so the difference is known to half of that time; the shortest round tells most.
 */
struct exchange {
	_Alignas(128) _Atomic uint64_t question;
	_Alignas(128) _Atomic uint64_t answer;
	uint64_t counter;
	int core;
};

static int pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *answer(void *argument)
{
	struct exchange *exchange = argument;

	if (pin(exchange->core) != 0)
		return NULL;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		for (long i = 0; atomic_load_explicit(&exchange->question, memory_order_acquire) < round; i++)
			if (i == PATIENCE)
				return NULL;
		exchange->counter = counter_now();
		atomic_store_explicit(&exchange->answer, round, memory_order_release);
	}
	return NULL;
}

struct skew {
	int first_core, second_core;
	double offset, bound;
	int measured;
};

static void *ask(void *argument)
{
	struct skew *skew = argument;
	struct exchange exchange = {.core = skew->second_core};
	uint64_t best = UINT64_MAX;
	pthread_t answering;

	if (pin(skew->first_core) != 0 || pthread_create(&answering, NULL, answer, &exchange) != 0)
		return NULL;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t asked = counter_now(), heard;

		atomic_store_explicit(&exchange.question, round, memory_order_release);
		for (long i = 0; atomic_load_explicit(&exchange.answer, memory_order_acquire) < round; i++)
			if (i == PATIENCE)
				goto out;
		heard = counter_now();
		if (heard - asked >= best)
			continue;
		best = heard - asked;
		skew->offset = (double)(int64_t)(exchange.counter - asked) - (double)best / 2;
		skew->bound = (double)best / 2;
		skew->measured = 1;
	}
out:
	pthread_join(answering, NULL);
	return NULL;
}

/*
 * Writes how many counts the second core's counter is ahead of the first one's, and how many that can be
 * wrong by. Returns 0, or -1 where the cores could not be had. The calling thread stays where it is.
 */
EXPORT int counter_skew(int first_core, int second_core, double *offset, double *bound)
{
	struct skew skew = {.first_core = first_core, .second_core = second_core};
	pthread_t asking;

	if (pthread_create(&asking, NULL, ask, &skew) != 0)
		return -1;
	pthread_join(asking, NULL);
	*offset = skew.offset;
	*bound = skew.bound;
	return skew.measured ? 0 : -1;
}
