/* Starts DPDK's environment abstraction layer, once a process, and keeps DPDK's log for error messages. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_version.h>

#include "port.h"

static _Thread_local char error[512];

int fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, sizeof(error), format, arguments);
	va_end(arguments);
	return -1;
}

const char *glue_error(void)
{
	return error;
}

const char *glue_dpdk_version(void)
{
	return rte_version();
}

/* The last of the log. */
static char log_text[32768];
static size_t log_length;
static char log_copy[sizeof(log_text)];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t log_write(void *cookie, const char *text, size_t length)
{
	size_t kept = RTE_MIN(length, sizeof(log_text) - 1);

	(void)cookie;
	pthread_mutex_lock(&log_lock);
	if (log_length + kept >= sizeof(log_text)) {
		size_t overflow = log_length + kept - (sizeof(log_text) - 1);

		memmove(log_text, log_text + overflow, log_length - overflow);
		log_length -= overflow;
	}
	memcpy(log_text + log_length, text + length - kept, kept);
	log_length += kept;
	pthread_mutex_unlock(&log_lock);
	return (ssize_t)length;
}

/* What was logged since the last call. */
const char *glue_log(void)
{
	pthread_mutex_lock(&log_lock);
	memcpy(log_copy, log_text, log_length);
	log_copy[log_length] = 0;
	log_length = 0;
	pthread_mutex_unlock(&log_lock);
	return log_copy;
}

/*
 * EAL's interrupt thread may run wherever the process may, but for the core of the calling thread, which
 * polls: it must not wait there for its turn.
 */
static int start_eal(int argc, char **argv)
{
	cpu_set_t own, all;
	int result;

	sched_getaffinity(0, sizeof(own), &own);
	sched_getaffinity(getpid(), sizeof(all), &all);
	sched_setaffinity(0, sizeof(all), &all);
	result = rte_eal_init(argc, argv);
	sched_setaffinity(0, sizeof(own), &own);
	return result;
}

static int initialize(const char *arguments)
{
	static const cookie_io_functions_t into_log = {.write = log_write};
	char *text = strdup(arguments), *rest = text;
	char *argv[64];
	int argc = 0, result;
	FILE *log = fopencookie(NULL, "w", into_log);
	FILE *standard_output = stdout, *standard_error = stderr;

	if (text == NULL || log == NULL)
		return fail("out of memory");
	setvbuf(log, NULL, _IOLBF, 0);
	while (argc < 63 && (argv[argc] = strsep(&rest, "\n")) != NULL)
		argc++;
	argv[argc] = NULL;
	rte_openlog_stream(log);
	/* An argument that EAL does not know makes it print pages of help. */
	stdout = stderr = log;
	result = start_eal(argc, argv);
	fflush(log);
	stdout = standard_output;
	stderr = standard_error;
	/* A folder for files that it does not make when it shares nothing; it would stay when we are gone. */
	rmdir(rte_eal_get_runtime_dir());
	/* EAL keeps pointers into its arguments: text is not freed. */
	return result < 0 ? fail("EAL does not start (%s)", rte_strerror(rte_errno)) : 0;
}

static pthread_mutex_t init_lock = PTHREAD_MUTEX_INITIALIZER;
static char *init_arguments;
static int init_result = -1;
static char init_error[sizeof(error)];
static char init_log[sizeof(log_text)];

/*
 * Starts EAL with arguments that are separated by newlines. It starts once a process: later calls have the
 * result of the first, whatever their arguments.
 */
int glue_init(const char *arguments)
{
	pthread_mutex_lock(&init_lock);
	if (init_arguments == NULL) {
		init_arguments = strdup(arguments);
		init_result = initialize(arguments);
		memcpy(init_error, error, sizeof(error));
		memcpy(init_log, log_text, log_length);
	} else if (init_result < 0) {
		memcpy(error, init_error, sizeof(error));
		log_write(NULL, init_log, strlen(init_log));
	}
	pthread_mutex_unlock(&init_lock);
	return init_result;
}

/* The arguments that EAL was started with, or an empty string. */
const char *glue_arguments(void)
{
	return init_arguments == NULL ? "" : init_arguments;
}
