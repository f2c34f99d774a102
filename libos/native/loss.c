/*
 * An endpoint that is lost: a call into the provider did not return, since its peer died with a lock held in memory
 * that both share, and the watchdog brought us out of it (watch.h). The provider's locks are as they were in the
 * middle of that call, so nothing of the endpoint can be closed. Its shared memory is nearly all that it has, and
 * goes without that.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <rdma/fi_errno.h>

#include "fabric.h"

int lose(struct endpoint *endpoint)
{
	snprintf(endpoint->loss, sizeof(endpoint->loss), "%s did not return", watch_leave(endpoint->watch));
	endpoint->stuck = true;
	if (endpoint->area != NULL)
		endpoint->area->lost = 1;
	return 0;
}

void lose_for_error(struct endpoint *endpoint, int error)
{
	snprintf(endpoint->loss, sizeof(endpoint->loss), "a message could not be received (%s)",
		 fi_strerror(error));
	endpoint->area->lost = 1;
}

/* Why the endpoint was lost; "" where it was not. */
EXPORT const char *fabric_loss(int number)
{
	return endpoints[number]->loss;
}

EXPORT int fabric_process_is_gone(int process)
{
	return process_is_gone(process);
}

const char *name_in_address(const char *address)
{
	const char *scheme = strstr(address, "://");

	return scheme == NULL ? address : scheme + 3;
}

/* Whether a line of /proc/self/maps is about the file of that name in shared memory, removed or not. */
static bool is_mapping_of(const char *line, const char *name)
{
	static const char folder[] = "/dev/shm/";
	const char *path = strstr(line, folder);
	size_t length = strlen(name);

	if (path == NULL || length == 0)
		return false;
	path += sizeof(folder) - 1;
	return strncmp(path, name, length) == 0 && (path[length] == '\n' || path[length] == ' ');
}

/*
 * Our own region stays mapped, since the provider looks at it once more when the process ends, and finds zeros. The
 * peer's is only ours to forget. A peer that lives may be in either.
 */
void bury(struct endpoint *endpoint)
{
	const char *name;
	char line[512];
	FILE *maps;

	if (endpoint->area == NULL)
		return;
	name = name_in_address((const char *)endpoint->area->address);
	shm_unlink(name);
	if (endpoint->peer_process <= 0 || !process_is_gone(endpoint->peer_process))
		return;
	maps = fopen("/proc/self/maps", "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (is_mapping_of(line, name))
			madvise((void *)start, end - start, MADV_REMOVE);
		else if (is_mapping_of(line, endpoint->peer_name))
			munmap((void *)start, end - start);
	}
	if (maps != NULL)
		fclose(maps);
}
