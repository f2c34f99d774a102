/*
 * A crash of Redis is a crash of the server: the process ends by the signal, after it has said so. Redis' own handlers
 * of these signals write a report and then test all memory, in which a process with other threads lives on; here the
 * handler only reads the end of Redis' log, in calls that a handler of signals may make. Failed assertions still write
 * Redis' report, without that test. Where another thread than one of Redis' crashes, it is not Redis'.
 */
#define _GNU_SOURCE
#include "inside.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static struct crash {
	int signal;
	const char *name;
	/* What the process did before. */
	struct sigaction earlier;
} crashes[] = {
	{ .signal = SIGSEGV, .name = "SIGSEGV" }, { .signal = SIGBUS, .name = "SIGBUS" },
	{ .signal = SIGFPE, .name = "SIGFPE" },	  { .signal = SIGILL, .name = "SIGILL" },
	{ .signal = SIGABRT, .name = "SIGABRT" },
};
enum { CRASHES = sizeof(crashes) / sizeof(crashes[0]) };

/* Redis' report begins with this, in its log. */
static const char REPORT[] = "=== REDIS BUG REPORT START";

enum {
	/* How far back the beginning of a report is looked for, and how much of a log is shown. */
	SEARCHED_BYTES = 256 * 1024,
	SHOWN_BYTES = 4096,
	/* For a handler that runs because the thread's own stack is used up. */
	STACK_BYTES = 64 * 1024,
};

/* Where the lines of this process begin in the log file. */
static off_t log_begins;

int __real_sigaction(int signal, const struct sigaction *action, struct sigaction *old);

static struct crash *crash_of(int signal)
{
	for (int i = 0; i < CRASHES; i++) {
		if (crashes[i].signal == signal)
			return &crashes[i];
	}
	return NULL;
}

bool is_crash(int signal)
{
	return crash_of(signal) != NULL;
}

static bool has_log_file(void)
{
	return server.logfile != NULL && server.logfile[0] != '\0';
}

void note_log(void)
{
	struct stat found;
	log_begins = has_log_file() && stat(server.logfile, &found) == 0 ? found.st_size : 0;
}

static void say_bytes(const char *bytes, size_t length)
{
	/* There is nobody to tell that it cannot be said. */
	if (write(STDERR_FILENO, bytes, length) < 0)
		return;
}

static void say(const char *text)
{
	say_bytes(text, strlen(text));
}

/* From the beginning of Redis' report, if there is one, else the last lines. */
static void show_log(void)
{
	static char bytes[SEARCHED_BYTES];
	int fd = open(server.logfile, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	off_t end = lseek(fd, 0, SEEK_END);
	off_t begin = end - log_begins > SEARCHED_BYTES ? end - SEARCHED_BYTES : log_begins;
	ssize_t length = pread(fd, bytes, sizeof(bytes), begin);
	close(fd);
	if (length <= 0)
		return;
	const char *last = bytes + length;
	const char *from = memmem(bytes, (size_t)length, REPORT, sizeof(REPORT) - 1);
	if (from == NULL) {
		from = last - bytes > SHOWN_BYTES ? last - SHOWN_BYTES : bytes;
		const char *line_end = from == bytes ? NULL : memchr(from, '\n', (size_t)(last - from));
		if (line_end != NULL)
			from = line_end + 1;
	}
	size_t left = (size_t)(last - from);
	size_t shown = left < SHOWN_BYTES ? left : SHOWN_BYTES;
	say_bytes(from, shown);
	if (shown > 0 && from[shown - 1] != '\n')
		say("\n");
}

static void tell(const struct crash *crash)
{
	bool is_child = getpid() != own_process;
	if (has_log_file())
		show_log();
	say(is_child ? "bypassbench: a child of Redis crashed (" : "bypassbench: Redis crashed (");
	say(crash->name);
	if (has_log_file()) {
		say("); above is the end of its log, ");
		say(server.logfile);
		say("\n");
	} else {
		say("); its log is above\n");
	}
}

/* The names of Redis' threads (bio.c). */
static bool is_thread_of_redis(void)
{
	char name[16] = "";
	prctl(PR_GET_NAME, name);
	return strncmp(name, "bio_", 4) == 0;
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
	struct crash *crash = crash_of(signal);
	struct sigaction next = { .sa_handler = SIG_DFL };
	if (is_in_redis() || is_thread_of_redis()) {
		tell(crash);
	} else if (crash->earlier.sa_flags & SA_SIGINFO) {
		crash->earlier.sa_sigaction(signal, info, context);
		return;
	} else {
		next = crash->earlier;
	}
	/* It comes again when this returns. */
	__real_sigaction(signal, &next, NULL);
	raise(signal);
}

void watch_for_crashes(void)
{
	static char stack[STACK_BYTES];
	stack_t of_this_thread = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigaltstack(&of_this_thread, NULL);
	for (int i = 0; i < CRASHES; i++)
		__real_sigaction(crashes[i].signal, &action, &crashes[i].earlier);
}

sds __real_getConfigDebugInfo(void);

/* The last that a report asks for before it tests memory. */
sds __wrap_getConfigDebugInfo(void)
{
	server.memcheck_enabled = 0;
	return __real_getConfigDebugInfo();
}
