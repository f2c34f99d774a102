/* The watchdog of data paths (watch.h). */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch.h"

/* Between two looks, and when a thread is in the same call as at the last one. */
enum { LOOK_EVERY_MS = 50, LOOK_AGAIN_MS = 5 };
/*
 * Processor time that one call may take: where the peer is gone, where it may only be stopped with a lock held or wait
 * for a processor itself, and where nothing can be done but to say so. A call that moves messages takes a
 * millisecond at most. One that maps or unmaps a peer's memory may take tens of them, and holds locks of the
 * whole process as it works: it names no peer, so that only one that spins is left.
 */
enum { PATIENCE_GONE_MS = 20, PATIENCE_MS = 250, PATIENCE_SILENT_MS = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watch *first;
static pthread_key_t ended;
static bool runs;

static _Thread_local struct watch *own;

static int leave_signal(void)
{
	return SIGRTMAX - 3;
}

/* On the thread that hangs. */
static void leave(int number)
{
	(void)number;
	if (own == NULL || atomic_load(&own->call) == NULL)
		return;
	if (atomic_load(&own->condemned) == atomic_load(&own->entered))
		siglongjmp(own->out, 1);
}

bool process_is_gone(int process)
{
	char path[64], text[512];
	const char *state;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	file = fopen(path, "re");
	/* It may not be ours to see, or we may have no descriptor left. */
	if (file == NULL)
		return kill(process, 0) != 0 && errno == ESRCH;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	/* Behind the name, in parentheses. One that was killed stays a zombie until its parent looks. */
	state = strrchr(text, ')');
	return state == NULL || state[1] == '\0' || state[2] == 'Z' || state[2] == 'X';
}

static double processor_ms(const struct watch *watch)
{
	struct timespec time = {0};

	clock_gettime(watch->clock, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void say_that_it_hangs(const char *call, double ms)
{
	char text[160];
	int length = snprintf(text, sizeof(text),
			      "bypassbench: the data path has been in %s for %.0f ms, and cannot be brought out of it\n",
			      call, ms);

	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		return;
}

/* Whether it is in the same call as last time. */
static bool look_at(struct watch *watch)
{
	const char *call = atomic_load(&watch->call);
	unsigned entered = atomic_load(&watch->entered);
	int peer = atomic_load(&watch->peer);
	double spent_ms;

	if (call == NULL || entered != watch->seen) {
		watch->seen = entered;
		watch->seen_ms = processor_ms(watch);
		return false;
	}
	spent_ms = processor_ms(watch) - watch->seen_ms;
	if (spent_ms >= PATIENCE_SILENT_MS && watch->named != entered) {
		watch->named = entered;
		say_that_it_hangs(call, spent_ms);
	}
	if (atomic_load(&watch->leaves) && spent_ms >= PATIENCE_GONE_MS &&
	    (spent_ms >= PATIENCE_MS || (peer > 0 && process_is_gone(peer)))) {
		atomic_store(&watch->condemned, entered);
		pthread_kill(watch->thread, leave_signal());
	}
	return true;
}

static void *look_around(void *unused)
{
	(void)unused;
	for (;;) {
		bool same = false;
		struct timespec pause = {0};

		pthread_mutex_lock(&lock);
		for (struct watch *watch = first; watch != NULL; watch = watch->next)
			same |= look_at(watch);
		pthread_mutex_unlock(&lock);
		pause.tv_nsec = (same ? LOOK_AGAIN_MS : LOOK_EVERY_MS) * 1000000L;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Of the thread that ends. */
static void forget(void *value)
{
	struct watch **at = &first;

	pthread_mutex_lock(&lock);
	while (*at != value)
		at = &(*at)->next;
	*at = (*at)->next;
	pthread_mutex_unlock(&lock);
	free(value);
}

/* Off the core of the data path that happens to start it: where the process may run. Takes no signal of others. */
static bool start(void)
{
	struct sigaction action = {.sa_handler = leave, .sa_flags = SA_NODEFER | SA_RESTART};
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	cpu_set_t cores;
	int result;

	if (pthread_key_create(&ended, forget) != 0 || sigaction(leave_signal(), &action, NULL) != 0)
		return false;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (sched_getaffinity(getpid(), sizeof(cores), &cores) == 0)
		pthread_attr_setaffinity_np(&attributes, sizeof(cores), &cores);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread, &attributes, look_around, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return result == 0;
}

struct watch *watch_this_thread(void)
{
	sigset_t ours;

	if (own != NULL)
		return own;
	pthread_mutex_lock(&lock);
	runs = runs || start();
	if (runs && (own = calloc(1, sizeof(*own))) != NULL) {
		own->thread = pthread_self();
		pthread_getcpuclockid(own->thread, &own->clock);
		pthread_setspecific(ended, own);
		own->next = first;
		first = own;
	}
	pthread_mutex_unlock(&lock);
	sigemptyset(&ours);
	sigaddset(&ours, leave_signal());
	pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
	return own;
}
