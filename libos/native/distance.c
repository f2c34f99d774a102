/*
 * The distance of two cores. Caller and helper take turns in writing one word, so that its line goes there and back:
 *
 *     caller, on its own core                      helper, on the other
 *                                                  sleeps until `call` changes
 *     call = n, and a wake-up       ------------->
 *                                   <-------------  arrived = n
 *     ball = n, step 1              ------------->
 *                                   <-------------  ball = n, step 2
 *     ...
 *     ball = n, LAST_STEP           ------------->  sleeps
 *
 * How long a line takes depends on its address, which the processor spreads over the parts of its caches: helpers with
 * one line each differed by 2.3 % (root mean square), and by up to 8 %, at one and the same distance; helpers with 16
 * lines each differ by 0.5 %. So each group of rounds has a line of its own, and the median is over lines, too.
 *
 * Calls are numbered and the ball only grows, so a side that was away finds out what it has missed: a larger ball is
 * the end of the helper's call, or belongs to a later one. Neither side waits for the other for longer than HOLD_NS, by
 * the counter, so that a helper whose caller is gone gives its core back.
 */
#define _GNU_SOURCE
#include "distance.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device-times.h"

#define EXPORT __attribute__((visibility("default")))

/* A cache line, and its neighbour, which some processors fetch along with it. */
#define LINE_BYTES 128

enum {
	GROUP_ROUNDS = 8,
	/* Each of which has a line. */
	GROUPS = 16,
	/* However far the cores are apart: a pause in one group is not to be the median. */
	LEAST_GROUPS = 3,
	/* One with each line, as it comes from further away at first. */
	WARM_UP_ROUNDS = GROUPS,
	/* Reading the counter takes as long as some looks at the ball, and is not to lengthen a round. */
	LOOKS_BETWEEN_CLOCKS = 64,
	BOUNCE_NS = 50000,
	HOLD_NS = 1000000,
	/* Between the first two readings of the clocks: they tell the counter's rate to some 50 parts in a million. */
	RATE_NS = 2000000,
	/* A piece of work takes about half a microsecond. */
	WORK_STEPS = 500,
	WORK_PIECES = 8,
	/* The lowest one. What has any other, and the kernel's own threads, come first. */
	REAL_TIME_PRIORITY = 1,
};

#define LAST_STEP UINT32_MAX

/* Each has the line beside it to itself, and as many are the first of such two as the second. */
struct line {
	_Alignas(LINE_BYTES / 2) _Atomic uint64_t ball;
	char unused[LINE_BYTES];
};

_Static_assert(sizeof(struct line) == 3 * LINE_BYTES / 2, "an odd number of lines");

struct distance_helper {
	_Alignas(LINE_BYTES) struct line lines[GROUPS];
	/* A futex: the number of the call, changed as well when the helper is to end. */
	_Alignas(LINE_BYTES) _Atomic uint32_t call;
	_Alignas(LINE_BYTES) _Atomic uint32_t arrived;
	_Alignas(LINE_BYTES) _Atomic bool ending;
	uint64_t hold_counts;
	/* Written before `arrived`, by the counter: when the helper came, and what a piece of work took it. */
	uint64_t came, work_counts;
	/* The caller's. */
	_Alignas(LINE_BYTES) int core;
	uint64_t first_counter;
	double first_ns;
	double ns_per_count;
	pthread_t thread;
	clockid_t processor_time;
};

static inline uint64_t ball_of(uint32_t call, uint32_t step)
{
	return (uint64_t)call << 32 | step;
}

/* Where the round goes on that begins with this step. */
static inline _Atomic uint64_t *ball_at(struct distance_helper *helper, uint32_t step)
{
	uint32_t round = step / 2, group = round;

	if (round >= WARM_UP_ROUNDS)
		group = (round - WARM_UP_ROUNDS) / GROUP_ROUNDS % GROUPS;
	return &helper->lines[group].ball;
}

static inline void relax(void)
{
#ifdef __x86_64__
	_mm_pause();
#else
	__asm__ volatile("yield");
#endif
}

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
	syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

/* Until the ball has `wanted` or more. Returns whether it has that very value. */
static inline bool await_ball(_Atomic uint64_t *ball, uint64_t wanted, uint64_t give_up)
{
	for (unsigned looks = 1;; looks++) {
		uint64_t seen = atomic_load_explicit(ball, memory_order_acquire);

		if (seen >= wanted)
			return seen == wanted;
		if (looks % LOOKS_BETWEEN_CLOCKS == 0 && counter_now() >= give_up)
			return false;
	}
}

static void sort(uint64_t *values, int length)
{
	for (int i = 1; i < length; i++) {
		uint64_t value = values[i];
		int at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

/*
 * Additions that do not depend on each other, more than a core can start at once. They lie in one cache line in every
 * program that this is built into: across two they take an eighth more, as if somebody else used the core.
 */
static inline void work_piece(void)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;

	__asm__ volatile(".p2align 6");
	for (int i = 0; i < WORK_STEPS; i++) {
		a += 1, b += 3, c += 5, d += 7, e ^= 9, f ^= 11;
		/* Each step is made. */
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	}
}

/* Returns the median of some pieces, by the counter. */
__attribute__((aligned(64))) static uint64_t work(void)
{
	uint64_t counts[WORK_PIECES], last = counter_now();

	for (int piece = 0; piece < WORK_PIECES; piece++) {
		uint64_t now;

		work_piece();
		now = counter_now();
		counts[piece] = now - last;
		last = now;
	}
	sort(counts, WORK_PIECES);
	return (counts[(WORK_PIECES - 1) / 2] + counts[WORK_PIECES / 2]) / 2;
}

static void answer(struct distance_helper *helper, uint32_t call)
{
	uint64_t give_up;

	helper->came = counter_now();
	helper->work_counts = work();
	give_up = counter_now() + helper->hold_counts;
	atomic_store_explicit(&helper->arrived, call, memory_order_release);
	for (uint32_t step = 1;; step += 2) {
		_Atomic uint64_t *ball = ball_at(helper, step);

		if (!await_ball(ball, ball_of(call, step), give_up))
			return;
		atomic_store_explicit(ball, ball_of(call, step + 1), memory_order_release);
	}
}

static void *help(void *argument)
{
	struct distance_helper *helper = argument;
	uint32_t served = 0;

	for (;;) {
		uint32_t call = atomic_load_explicit(&helper->call, memory_order_acquire);

		if (atomic_load_explicit(&helper->ending, memory_order_acquire))
			return NULL;
		if (call == served) {
			futex(&helper->call, FUTEX_WAIT, served);
			continue;
		}
		served = call;
		answer(helper, call);
	}
}

static void refresh_rate(struct distance_helper *helper)
{
	uint64_t counter = 0;
	double ns = 0;

	counter_beside_clock(&counter, &ns);
	helper->ns_per_count = (ns - helper->first_ns) / (double)(counter - helper->first_counter);
}

/* Returns an error number, or 0. */
static int start(struct distance_helper *helper, bool *real_time)
{
	const struct sched_param priority = {.sched_priority = REAL_TIME_PRIORITY};
	sigset_t all, before;
	pthread_attr_t attributes;
	cpu_set_t set;
	int failure;

	CPU_ZERO(&set);
	CPU_SET(helper->core, &set);
	failure = pthread_attr_init(&attributes);
	if (failure != 0)
		return failure;
	failure = pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (failure == 0)
		failure = pthread_create(&helper->thread, &attributes, help, helper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (failure != 0)
		return failure;
	pthread_setname_np(helper->thread, "distance");
	pthread_getcpuclockid(helper->thread, &helper->processor_time);
	/* From here, as the helper might not get its core to do it itself. */
	*real_time = pthread_setschedparam(helper->thread, SCHED_FIFO, &priority) == 0;
	return 0;
}

EXPORT struct distance_helper *distance_open(int core, bool *real_time)
{
	const struct timespec pause = {.tv_nsec = RATE_NS};
	struct distance_helper *helper;
	int failure;

	if (core < 0 || core >= CPU_SETSIZE) {
		errno = EINVAL;
		return NULL;
	}
	helper = aligned_alloc(LINE_BYTES, sizeof(*helper));
	if (helper == NULL)
		return NULL;
	*helper = (struct distance_helper){.core = core};
	counter_beside_clock(&helper->first_counter, &helper->first_ns);
	nanosleep(&pause, NULL);
	refresh_rate(helper);
	helper->hold_counts = (uint64_t)(HOLD_NS / helper->ns_per_count);
	failure = start(helper, real_time);
	if (failure != 0) {
		free(helper);
		errno = failure;
		return NULL;
	}
	return helper;
}

static bool await_arrival(struct distance_helper *helper, uint32_t call, uint64_t give_up)
{
	while (atomic_load_explicit(&helper->arrived, memory_order_acquire) != call) {
		if (counter_now() >= give_up)
			return false;
		relax();
	}
	return true;
}

/* Returns the step behind the last of these rounds, or 0 where the helper gave no answer. */
static inline uint32_t bounce(struct distance_helper *helper, uint32_t call, uint32_t step, int rounds,
			      uint64_t give_up)
{
	for (; rounds > 0; rounds--, step += 2) {
		_Atomic uint64_t *ball = ball_at(helper, step);

		atomic_store_explicit(ball, ball_of(call, step), memory_order_release);
		if (!await_ball(ball, ball_of(call, step + 1), give_up))
			return 0;
	}
	return step;
}

/* Writes what each group of rounds took. Returns how many there are, or 0 where the helper lost its core. */
static int bounce_groups(struct distance_helper *helper, uint32_t call, uint64_t counts[GROUPS])
{
	const uint64_t give_up = counter_now() + helper->hold_counts;
	const uint64_t most = (uint64_t)(BOUNCE_NS / helper->ns_per_count);
	uint32_t step = bounce(helper, call, 1, WARM_UP_ROUNDS, give_up);
	uint64_t started = counter_now(), last = started;
	int groups = 0;

	if (step == 0)
		return 0;
	while (groups < GROUPS && (groups < LEAST_GROUPS || last - started < most)) {
		uint64_t now;

		step = bounce(helper, call, step, GROUP_ROUNDS, give_up);
		if (step == 0)
			return 0;
		now = counter_now();
		counts[groups++] = now - last;
		last = now;
	}
	return groups;
}

/*
 * Of ascending counts, each of which stands for all times that round to it (the median of grouped data): where a count
 * is as long as 40 ns, many groups are alike, and how many lie on either side tells where in the count the median is.
 */
static double median_of(const uint64_t *counts, int length)
{
	const uint64_t lower = counts[(length - 1) / 2], upper = counts[length / 2];
	int below = 0, same = 0;

	if (lower != upper)
		return (double)(lower + upper) / 2;
	for (int i = 0; i < length; i++) {
		below += counts[i] < lower;
		same += counts[i] == lower;
	}
	return (double)lower - 0.5 + ((double)length / 2 - below) / same;
}

EXPORT bool distance_measure(struct distance_helper *helper, double patience_ns,
			     struct distance_reading *reading)
{
	const uint32_t call = atomic_load_explicit(&helper->call, memory_order_relaxed) + 1;
	uint64_t counts[GROUPS], called, own_work;
	double ns_per_round;
	int groups = 0;
	bool came;

	/* The helper could come only while the caller is away. */
	if (sched_getcpu() == helper->core)
		return false;
	refresh_rate(helper);
	called = counter_now();
	atomic_store_explicit(&helper->call, call, memory_order_release);
	futex(&helper->call, FUTEX_WAKE, 1);
	came = await_arrival(helper, call, called + (uint64_t)(patience_ns / helper->ns_per_count));
	if (came)
		groups = bounce_groups(helper, call, counts);
	/* Wherever the helper looks, and for one that comes late, too: nobody waits for it any more. */
	for (int group = 0; group < GROUPS; group++)
		atomic_store_explicit(&helper->lines[group].ball, ball_of(call, LAST_STEP), memory_order_release);
	if (groups == 0)
		return false;
	/* The helper sleeps again: what it has written is read, and its core goes on. */
	own_work = work();
	sort(counts, groups);
	ns_per_round = helper->ns_per_count / GROUP_ROUNDS;
	reading->median_ns = median_of(counts, groups) * ns_per_round;
	reading->min_ns = (double)counts[0] * ns_per_round;
	reading->waited_ns = (double)(helper->came - called) * helper->ns_per_count;
	reading->caller_work_ns = (double)own_work * helper->ns_per_count;
	reading->helper_work_ns = (double)helper->work_counts * helper->ns_per_count;
	return true;
}

EXPORT double distance_helper_ns(struct distance_helper *helper)
{
	struct timespec had;

	clock_gettime(helper->processor_time, &had);
	return (double)had.tv_sec * 1e9 + (double)had.tv_nsec;
}

EXPORT void distance_close(struct distance_helper *helper)
{
	cpu_set_t own;

	/* What keeps the helper from its core would keep it from ending: it may end on the caller's, who waits for it. */
	if (pthread_getaffinity_np(pthread_self(), sizeof(own), &own) == 0)
		pthread_setaffinity_np(helper->thread, sizeof(own), &own);
	atomic_store_explicit(&helper->ending, true, memory_order_release);
	atomic_fetch_add_explicit(&helper->call, 1, memory_order_release);
	futex(&helper->call, FUTEX_WAKE, 1);
	pthread_join(helper->thread, NULL);
	free(helper);
}
