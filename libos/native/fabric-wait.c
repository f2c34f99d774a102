/*
 * Sleeps until a provider has completions, where it has a file that they make readable, or somebody wants something
 * over the rendezvous. The provider is asked first (fi_trywait): what it has got already would make no file readable.
 */
#define _GNU_SOURCE
#include <poll.h>

#include <rdma/fi_errno.h>

#include "fabric.h"

/* Nobody knows what a provider is at that does not say whether one may sleep. */
enum { LONGEST_IN_DOUBT_US = 1000 };

/* Returns 0 where the thread may sleep, -FI_EAGAIN where there is something to read. */
static int ask(struct endpoint *endpoint)
{
	struct fid *queue = &endpoint->cq->fid;
	int result;

	watch_enter(endpoint->watch, "fi_trywait", 0, false);
	result = fi_trywait(endpoint->fabric, &queue, 1);
	watch_leave(endpoint->watch);
	return result;
}

/*
 * Sleeps until there are completions, or the file `other` is readable unless it is -1, for `timeout_us` at most. Of a
 * provider without such a file completions wake nobody. Returns whether `other` is readable.
 */
EXPORT int fabric_wait(int number, int other, double timeout_us)
{
	struct endpoint *endpoint = endpoints[number];
	const bool wakes = endpoint->wait_fd >= 0 && !endpoint->area->lost;
	const int answer = wakes ? ask(endpoint) : 0;
	const double longest_us = answer == 0 || timeout_us < LONGEST_IN_DOUBT_US ? timeout_us : LONGEST_IN_DOUBT_US;
	const int64_t timeout_ns = (int64_t)(longest_us * 1e3);
	const struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	struct pollfd files[2] = {
		{.fd = other, .events = POLLIN},
		{.fd = wakes ? endpoint->wait_fd : -1, .events = POLLIN},
	};
	int ready = 0;

	if (answer != -FI_EAGAIN)
		ready = ppoll(files, 2, &timeout, NULL);
	read_clock(endpoint);
	return ready > 0 && files[0].revents != 0;
}
