/*
 * Loaded before each program in the guest (LD_PRELOAD): keeps all threads of a node on one processor, the
 * other one than that of the node which started it, so that two that talk to each other run at the same time.
 *
 * QEMU 7.2 does not always notice that code was written which another emulated processor runs, and V8 writes
 * code all the time: about one node of eight ended by SIGSEGV or SIGTRAP, whatever it did, also where V8 had
 * one thread, as a thread moves between processors. Of those kept on one none did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void keep_to_one_processor(void)
{
	cpu_set_t allowed, one;
	int processor;

	if (strcmp(program_invocation_short_name, "node") != 0 || sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	if (CPU_COUNT(&allowed) == 1)
		processor = CPU_ISSET(0, &allowed) ? 1 : 0;
	else
		processor = (int)(getpid() % 2);
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	sched_setaffinity(0, sizeof(one), &one);
}
