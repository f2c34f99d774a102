/*
 * Redis' main() in a thread of somebody else's process: it returns instead of looping, exits into its caller, hears the
 * signals that end a server, and leaves the process' other signals, title and cores alone.
 */
#define _GNU_SOURCE
#include "inside.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/eventfd.h>

struct rp_shared shared_area = { .exit_code = -1 };

static rp_listen_function *listen_at;
static rp_unlisten_function *give_up_listening;
static rp_look_function *look;

/* Calls into Redis that lie in each other, innermost first: exit() returns to the innermost. */
struct guard {
	jmp_buf environment;
	struct guard *outer;
};
static struct guard *innermost;

pid_t own_process;
static pthread_t data_path;

/* Exiting */

int run_guarded(void (*body)(void))
{
	struct guard guard = { .outer = innermost };
	if (shared_area.exit_code >= 0)
		return -1;
	innermost = &guard;
	shared_area.calls++;
	shared_area.in_redis = 1;
	if (setjmp(guard.environment) == 0)
		body();
	innermost = guard.outer;
	/* A call lies in another one only where that has turned to the network. */
	shared_area.in_redis = 0;
	return shared_area.exit_code >= 0 ? -1 : 0;
}

/* The thread that runs Redis' handler of a signal. */
static pthread_t signalled;
static volatile sig_atomic_t is_signalled;

void __wrap_exit(int code)
{
	bool in_handler = is_signalled && pthread_equal(pthread_self(), signalled);
	/* Of a child, of another thread or in the middle of anything there is no caller to return to. */
	if (getpid() != own_process || !pthread_equal(pthread_self(), data_path) || innermost == NULL || in_handler)
		_exit(code);
	shared_area.exit_code = code;
	longjmp(innermost->environment, 1);
}

bool is_in_redis(void)
{
	return innermost != NULL && pthread_equal(pthread_self(), data_path);
}

bool look_at_network(void)
{
	/* A child has no network. */
	if (shared_area.depth + 1 >= RP_DEPTH || getpid() != own_process)
		return false;
	shared_area.depth++;
	shared_area.in_redis = 0;
	bool looked = look();
	shared_area.in_redis = 1;
	shared_area.depth--;
	if (shared_area.exit_code >= 0)
		longjmp(innermost->environment, 1);
	return looked;
}

/* The loop */

void __wrap_aeMain(aeEventLoop *loop)
{
	UNUSED(loop);
}

void __wrap_aeDeleteEventLoop(aeEventLoop *loop)
{
	UNUSED(loop);
}

/* Redis' loop runs in the middle of something long, and this is always readable. */
static void look_from_loop(aeEventLoop *loop, int fd, void *data, int mask)
{
	UNUSED(loop);
	UNUSED(fd);
	UNUSED(data);
	UNUSED(mask);
	if (!ProcessingEventsWhileBlocked)
		return;
	unsigned long before = inputs_run;
	look_at_network();
	/* Being readable is no event when nothing came: Redis goes on with what takes it long. */
	if (inputs_run == before)
		server.events_processed_while_blocked--;
}

void __real_bioInit(void);

void __wrap_bioInit(void)
{
	int readable = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (readable < 0 || aeCreateFileEvent(server.el, readable, AE_READABLE, look_from_loop, NULL) == AE_ERR) {
		serverLog(LL_WARNING, "The port of Redis cannot watch its data path: %s", strerror(errno));
		exit(1);
	}
	init_connections();
	__real_bioInit();
}

/* The process is ours, and its parent's. */

void __real_loadServerConfig(char *file, char from_stdin, char *options);

void __wrap_loadServerConfig(char *file, char from_stdin, char *options)
{
	__real_loadServerConfig(file, from_stdin, options);
	server.daemonize = 0;
	server.supervised_mode = SUPERVISED_NONE;
	note_log();
}

int __wrap_restartServer(int flags, mstime_t delay)
{
	UNUSED(flags);
	UNUSED(delay);
	serverLog(LL_WARNING, "Can't restart: on the library OS the process is not Redis' own");
	return C_ERR;
}

/* The links of a cluster are made with sockets, and its bus is no listener of clients. */

void __wrap_clusterInit(void)
{
	serverLog(LL_WARNING, "cluster-enabled yes: there are no clusters on the library OS");
	exit(1);
}

void __real_initThreadedIO(void);

void __wrap_initThreadedIO(void)
{
	if (server.io_threads_num > 1) {
		serverLog(LL_WARNING,
			  "io-threads %d: on the library OS one thread, the data path, has all connections; "
			  "leave io-threads at 1",
			  server.io_threads_num);
		exit(1);
	}
	__real_initThreadedIO();
}

/* Listening: each listener is an event that never comes, so that Redis has a descriptor for it. */

enum { LISTENERS_MAX = 64 };
static int listeners[LISTENERS_MAX];
static int listener_count;

static int listen_on(char *error, int port, char *address)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int failure = fd < 0 ? errno : listener_count == LISTENERS_MAX ? EMFILE : listen_at(fd, address, port);
	if (failure != 0) {
		snprintf(error, ANET_ERR_LEN, "bind: %s", strerror(failure));
		if (fd >= 0)
			close(fd);
		errno = failure;
		return ANET_ERR;
	}
	listeners[listener_count++] = fd;
	return fd;
}

int __wrap_anetTcpServer(char *error, int port, char *address, int backlog)
{
	UNUSED(backlog);
	return listen_on(error, port, address);
}

/* The library OS speaks IPv4. */
int __wrap_anetTcp6Server(char *error, int port, char *address, int backlog)
{
	UNUSED(port);
	UNUSED(address);
	UNUSED(backlog);
	errno = EAFNOSUPPORT;
	snprintf(error, ANET_ERR_LEN, "socket: %s", strerror(errno));
	return ANET_ERR;
}

void __real_aeDeleteFileEvent(aeEventLoop *loop, int fd, int mask);

void __wrap_aeDeleteFileEvent(aeEventLoop *loop, int fd, int mask)
{
	for (int i = 0; i < listener_count; i++) {
		if (listeners[i] != fd)
			continue;
		listeners[i] = listeners[--listener_count];
		if (getpid() == own_process)
			give_up_listening(fd);
		break;
	}
	__real_aeDeleteFileEvent(loop, fd, mask);
}

/* Signals, title */

static void (*handle_end)(int signal);

static void hear_end(int signal)
{
	shared_area.end_signals++;
	signalled = pthread_self();
	is_signalled = 1;
	handle_end(signal);
	is_signalled = 0;
}

ssize_t __real_write(int fd, const void *bytes, size_t length);

/* Handlers of signals write log lines by themselves: they go where the others go (rp_start). */
ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
	return __real_write(fd == STDOUT_FILENO ? STDERR_FILENO : fd, bytes, length);
}

int __real_sigaction(int signal, const struct sigaction *action, struct sigaction *old);

int __wrap_sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
	bool ends_server = signal == SIGTERM || signal == SIGINT;
	if (is_crash(signal))
		return 0;
	if (action == NULL || getpid() != own_process || !ends_server)
		return __real_sigaction(signal, action, old);
	handle_end = action->sa_handler;
	struct sigaction through_here = *action;
	through_here.sa_handler = hear_end;
	return __real_sigaction(signal, &through_here, old);
}

void __wrap_spt_init(int argc, char **argv)
{
	UNUSED(argc);
	UNUSED(argv);
}

/* The calls */

int redis_main(int argc, char **argv);

static char **start_arguments;
static int start_count;

static void start(void)
{
	redis_main(start_count, start_arguments);
}

int rp_start(const char *arguments, int count, rp_listen_function *listen, rp_unlisten_function *unlisten,
	     rp_look_function *on_look, rp_count_function *count_network)
{
	own_process = getpid();
	data_path = pthread_self();
	listen_at = listen;
	give_up_listening = unlisten;
	look = on_look;
	count_by(count_network);
	/* Where log lines go when there is no log file: standard output belongs to the server that we are part of. */
	stdout = stderr;

	start_arguments = zcalloc(((size_t)count + 1) * sizeof(char *));
	start_count = count;
	for (int i = 0; i < count; i++) {
		start_arguments[i] = zstrdup(arguments);
		arguments += strlen(arguments) + 1;
	}
	watch_for_crashes();
	note_descriptors();
	/* Threads inherit the cores of the one that makes them. */
	leave_own_cores();
	int result = run_guarded(start);
	return_to_own_cores();
	return result;
}

static struct {
	int slot;
	const char *peer;
	int peer_port;
	const char *local;
	int local_port;
} accepted;

static void accept_it(void)
{
	accept_connection(accepted.slot, accepted.peer, accepted.peer_port, accepted.local, accepted.local_port);
	report_closed();
}

int rp_accept(int slot, const char *peer, int peer_port, const char *local, int local_port)
{
	accepted.slot = slot;
	accepted.peer = peer;
	accepted.peer_port = peer_port;
	accepted.local = local;
	accepted.local_port = local_port;
	return run_guarded(accept_it);
}

/* Where the inputs of each depth are run up to. */
static int next_input[RP_DEPTH];

/*
 * With `appendfsync always` replies leave when the disk has what they tell of. Clients that were just answered send
 * their next requests in a fraction of the time that a sync takes: it is for them too when it waits that long.
 */
static struct {
	bool is_under_way;
	/* Inputs that the last sync was for. */
	unsigned long synced;
	/* What a sync takes, smoothed. */
	monotime sync_us;
} gathering;

bool is_gathering(void)
{
	return gathering.is_under_way;
}

static void run_inputs(void)
{
	int depth = shared_area.depth;
	if (!is_gathering())
		continue_inputs();
	/* In the middle of an outer turn: what that was given and has not run yet came first. */
	for (int level = 0; level <= depth; level++) {
		while (next_input[level] < shared_area.inputs[level])
			run_input(&shared_area.input[level][next_input[level]++]);
	}
	next_input[depth] = shared_area.inputs[depth] = 0;
}

/* Parts of a sync's time: without any input, and in all. */
enum { SILENCE_PART = 8, GATHERING_PART = 2 };

static bool will_sync(void)
{
	return server.aof_state == AOF_ON && server.aof_fsync == AOF_FSYNC_ALWAYS && sdslen(server.aof_buf) > 0;
}

/* Turns the network until the clients that are to be expected have sent something, those before `first` apart. */
static void gather_inputs(unsigned long first)
{
	unsigned long expected = inputs_run - first + gathering.synced;
	if (expected > listLength(server.clients))
		expected = listLength(server.clients);
	monotime began = getMonotonicUs();
	monotime latest = began;
	gathering.is_under_way = true;
	while (inputs_run - first < expected) {
		unsigned long before = inputs_run;
		if (!look_at_network())
			break;
		monotime now = getMonotonicUs();
		if (inputs_run != before)
			latest = now;
		if (now - latest > gathering.sync_us / SILENCE_PART || now - began > gathering.sync_us / GATHERING_PART)
			break;
	}
	gathering.is_under_way = false;
}

/* beforeSleep() with its sync, for all that could be gathered. */
static void sync_before_sleep(unsigned long first)
{
	gather_inputs(first);
	monotime began = getMonotonicUs();
	beforeSleep(server.el);
	gathering.sync_us = (7 * gathering.sync_us + getMonotonicUs() - began) / 8;
	gathering.synced = inputs_run - first;
}

static void sleep_after(unsigned long first)
{
	if (will_sync())
		sync_before_sleep(first);
	else
		beforeSleep(server.el);
	/* Modules' threads have the data between the two, as while Redis sleeps. */
	afterSleep(server.el);
}

static void turn(void)
{
	unsigned long first = inputs_run;
	/* What is gathered is answered by the turn that gathers. */
	if (shared_area.room && !is_gathering())
		continue_outputs();
	run_inputs();
	if (!is_gathering() && !is_debugging())
		sleep_after(first);
	report_closed();
}

int rp_turn(void)
{
	return run_guarded(turn);
}

static void events(void)
{
	continue_outputs();
	continue_inputs();
	aeProcessEvents(server.el, AE_ALL_EVENTS | AE_DONT_WAIT);
	/* Behind them, as where Redis loops: what they answer does not wait for the next call. */
	beforeSleep(server.el);
	afterSleep(server.el);
	report_closed();
}

int rp_events(void)
{
	return run_guarded(events);
}

struct rp_shared *rp_shared(void)
{
	return &shared_area;
}

int rp_shared_bytes(void)
{
	return sizeof(shared_area);
}
