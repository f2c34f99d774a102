/*
 * Redis' children: copies of a process of which most is not Redis'. A child runs on the other cores, as Redis' threads
 * do, and closes what is not Redis' own, so that ports, devices and connections are given up as soon as the process
 * that serves closes them or ends.
 *
 * What is mapped may stay: of all threads a child has the one that forked, which never leaves Redis again (exit is
 * _exit), so that nobody polls a device there. Buffers are not in a child at all (MADV_DONTFORK), or are those of a
 * device, which nobody touches.
 */
#define _GNU_SOURCE
#include "inside.h"
#include <dirent.h>
#include <sched.h>
#include <sys/stat.h>

/* The cores of this process but for the data path's, and the latter. */
static cpu_set_t other_cores, own_cores;

struct descriptor {
	int fd;
	dev_t device;
	ino_t inode;
};
/* Open before Redis started. */
static struct descriptor *earlier;
static int earlier_count;

static void for_each_descriptor(void (*visit)(int fd, const struct stat *found))
{
	DIR *all = opendir("/proc/self/fd");
	if (all == NULL)
		return;
	for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
		int fd = atoi(entry->d_name);
		struct stat found;
		if (fd > STDERR_FILENO && fd != dirfd(all) && fstat(fd, &found) == 0)
			visit(fd, &found);
	}
	closedir(all);
}

static void note(int fd, const struct stat *found)
{
	earlier = zrealloc(earlier, ((size_t)earlier_count + 1) * sizeof(*earlier));
	earlier[earlier_count++] =
		(struct descriptor){ .fd = fd, .device = found->st_dev, .inode = found->st_ino };
}

void note_descriptors(void)
{
	for_each_descriptor(note);
}

/* Its number may have been given to another one since. */
static bool was_open_before(int fd, const struct stat *found)
{
	for (int i = 0; i < earlier_count; i++) {
		if (earlier[i].fd == fd)
			return earlier[i].device == found->st_dev && earlier[i].inode == found->st_ino;
	}
	return false;
}

/*
 * What Redis watches, and of what was opened since it started its pipes and its files, for which a child may have a
 * use. Sockets, devices and the kernel's own objects (epoll, events, rings) are the library OS' and node's.
 */
static bool is_of_redis(int fd, const struct stat *found)
{
	if (fd < server.el->setsize && server.el->events[fd].mask != AE_NONE)
		return true;
	bool may_be = S_ISFIFO(found->st_mode) || S_ISREG(found->st_mode);
	return may_be && !was_open_before(fd, found);
}

static void close_foreign(int fd, const struct stat *found)
{
	if (!is_of_redis(fd, found))
		close(fd);
}

pid_t __real_fork(void);

pid_t __wrap_fork(void)
{
	pid_t child = __real_fork();
	if (child == 0) {
		sched_setaffinity(0, sizeof(other_cores), &other_cores);
		/* While Redis checks the system (--check-system) it has no loop yet. */
		if (server.el != NULL)
			for_each_descriptor(close_foreign);
	}
	return child;
}

int __real_redisFork(int purpose);

int __wrap_redisFork(int purpose)
{
	if (purpose == CHILD_TYPE_LDB && !may_be_debugged_apart()) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_redisFork(purpose);
}

/* Others: those that the process' first thread may use, without those of this thread where it is pinned. */
void leave_own_cores(void)
{
	cpu_set_t all;
	sched_getaffinity(0, sizeof(own_cores), &own_cores);
	if (sched_getaffinity(getpid(), sizeof(all), &all) != 0)
		all = own_cores;
	CPU_XOR(&other_cores, &all, &own_cores);
	CPU_AND(&other_cores, &other_cores, &all);
	if (CPU_COUNT(&other_cores) == 0)
		other_cores = all;
	sched_setaffinity(0, sizeof(other_cores), &other_cores);
}

void return_to_own_cores(void)
{
	sched_setaffinity(0, sizeof(own_cores), &own_cores);
}
