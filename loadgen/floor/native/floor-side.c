#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>

#include "floor-side.h"

volatile sig_atomic_t stopped;

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

void end_when_told(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
}

void check_core(uint32_t core)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || !CPU_ISSET(core, &allowed))
		fail("core %u is not one that this process may run on: "
		     "choose another (see nproc and taskset -p)",
		     core);
}

void pin(uint32_t core)
{
	cpu_set_t only;

	check_core(core);
	CPU_ZERO(&only);
	CPU_SET(core, &only);
	if (sched_setaffinity(0, sizeof(only), &only) != 0)
		fail("the process cannot be pinned to core %u: %s", core, strerror(errno));
}

uint32_t number(const char *text, const char *what, uint32_t least, uint32_t most)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < least || value > most)
		fail("%s %s is not a number from %u to %u", what, text, least, most);
	return (uint32_t)value;
}
