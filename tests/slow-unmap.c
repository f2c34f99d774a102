/*
 * For LD_PRELOAD: what DPDK's interrupt thread unmaps it unmaps slowly, and the process ends slowly, so that whoever
 * does not wait for that thread meets it at its work.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int munmap(void *address, size_t length)
{
	char name[16] = "";

	pthread_getname_np(pthread_self(), name, sizeof(name));
	if (strncmp(name, "eal-intr", 8) == 0)
		usleep(50 * 1000);
	return (int)syscall(SYS_munmap, address, length);
}

__attribute__((destructor)) static void end_slowly(void)
{
	usleep(300 * 1000);
}
