/*
 * The glue for io_uring: opens a ring, and enters the kernel once for a turn. Submissions are written, and
 * completions read, by the other side, in the memory of the ring (libos/uring/ring.ts); here is what needs the
 * order of memory, system calls and device times.
 *
 * Without a thread of the kernel that polls (SQPOLL) everything happens while the thread that owns the ring is
 * in io_uring_enter (IORING_SETUP_DEFER_TASKRUN): what arrives raises IORING_SQ_TASKRUN in the ring's memory,
 * and nothing has to be asked for until it stands there.
 *
 * Functions return 0 or more, or the negative number of an error. A ring is named by its address.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "device-times.h"
#include "uring-memory.h"

#define EXPORT __attribute__((visibility("default")))

enum {
	/* Of Linux 6.9; older headers do not have it. */
	REGISTER_NAPI = 27,
	/* Whatever opcodes later kernels have, io_uring_probe tells of 256 at most. */
	PROBED_OPCODES = 256,
};

/* struct io_uring_napi of Linux 6.9. */
struct napi {
	uint32_t busy_poll_us;
	uint8_t prefer_busy_poll;
	uint8_t reserved[3];
	uint64_t reserved_too;
};

struct ring {
	struct uring_memory memory;
	/* What io_uring_enter is told: the number of the ring in a table of the thread's, which spares a look-up. */
	int enter_fd;
	uint32_t enter_flags;
	bool polled_by_kernel;
	_Atomic uint32_t *sq_head, *sq_tail, *sq_flags, *cq_tail;
	/* NULL for none. */
	struct device_times *device_times;
	uint8_t opcodes[PROBED_OPCODES];
};

/* Numbers that libos/uring/layout.ts has, too. */
_Static_assert(IORING_OP_SENDMSG == 9 && IORING_OP_RECVMSG == 10 && IORING_OP_ACCEPT == 13, "layout.ts");
_Static_assert(IORING_OP_ASYNC_CANCEL == 14 && IORING_OP_CONNECT == 16, "layout.ts");
_Static_assert(IORING_OP_SEND == 26 && IORING_OP_RECV == 27, "layout.ts");
_Static_assert(IORING_OP_SEND_ZC == 47 && IORING_OP_SENDMSG_ZC == 48, "layout.ts");
_Static_assert(sizeof(struct io_uring_sqe) == 64 && sizeof(struct io_uring_cqe) == 16, "layout.ts");
_Static_assert(offsetof(struct io_uring_sqe, addr) == 16, "layout.ts");
_Static_assert(offsetof(struct io_uring_sqe, len) == 24, "layout.ts");
_Static_assert(offsetof(struct io_uring_sqe, msg_flags) == 28, "layout.ts");
_Static_assert(offsetof(struct io_uring_sqe, user_data) == 32, "layout.ts");
_Static_assert(offsetof(struct io_uring_sqe, buf_group) == 40, "layout.ts");

static struct ring *ring_at(double address)
{
	return (struct ring *)(uintptr_t)address;
}

static int enter(struct ring *ring, uint32_t submitted, uint32_t completions, uint32_t flags,
		 const void *argument, size_t argument_bytes)
{
	long result = syscall(__NR_io_uring_enter, ring->enter_fd, submitted, completions,
			      flags | ring->enter_flags, argument, argument_bytes);

	return result < 0 ? -errno : (int)result;
}

static int register_at(const struct ring *ring, uint32_t opcode, void *argument, uint32_t count)
{
	return syscall(__NR_io_uring_register, ring->memory.fd, opcode, argument, count) < 0 ? -errno : 0;
}

/* Of what is mapped. */
static void find_words(struct ring *ring)
{
	const struct uring_memory *memory = &ring->memory;
	const struct io_uring_params *params = &memory->params;

	/* A child of this process must not go on with it. */
	madvise(memory->shared, memory->shared_bytes, MADV_DONTFORK);
	madvise(memory->sqes, memory->sqes_bytes, MADV_DONTFORK);
	ring->sq_head = uring_word(memory, params->sq_off.head);
	ring->sq_tail = uring_word(memory, params->sq_off.tail);
	ring->sq_flags = uring_word(memory, params->sq_off.flags);
	ring->cq_tail = uring_word(memory, params->cq_off.tail);
}

static void probe(struct ring *ring)
{
	struct io_uring_probe *answer =
		calloc(1, sizeof(*answer) + PROBED_OPCODES * sizeof(struct io_uring_probe_op));

	if (answer == NULL)
		return;
	if (register_at(ring, IORING_REGISTER_PROBE, answer, PROBED_OPCODES) == 0) {
		for (int i = 0; i < answer->ops_len; i++)
			ring->opcodes[answer->ops[i].op] = (answer->ops[i].flags & IO_URING_OP_SUPPORTED) != 0;
	}
	free(answer);
}

static void register_ring(struct ring *ring)
{
	const int fd = ring->memory.fd;
	struct io_uring_rsrc_update update = {.offset = UINT32_MAX, .data = (uint64_t)fd};

	ring->enter_fd = fd;
	if (syscall(__NR_io_uring_register, fd, IORING_REGISTER_RING_FDS, &update, 1) != 1)
		return;
	ring->enter_fd = (int)update.offset;
	ring->enter_flags = IORING_ENTER_REGISTERED_RING;
}

EXPORT void uring_close(double address)
{
	struct ring *ring = ring_at(address);

	if (ring->enter_flags != 0) {
		struct io_uring_rsrc_update update = {.offset = (uint32_t)ring->enter_fd};

		syscall(__NR_io_uring_register, ring->memory.fd, IORING_UNREGISTER_RING_FDS, &update, 1);
	}
	uring_memory_close(&ring->memory);
	free(ring);
}

/*
 * A ring of the calling thread, which alone may use it. `idle_ms` 0: it enters the kernel itself; else a thread
 * of the kernel takes what is submitted, on `core` unless that is negative, and sleeps after so long without
 * anything.
 */
EXPORT double uring_open(int entries, int completions, int idle_ms, int core)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	struct io_uring_params *params;
	int result;

	if (ring == NULL)
		return -ENOMEM;
	params = &ring->memory.params;
	ring->polled_by_kernel = idle_ms > 0;
	params->cq_entries = (uint32_t)completions;
	params->flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER;
	if (ring->polled_by_kernel) {
		params->flags |= IORING_SETUP_SQPOLL;
		params->sq_thread_idle = (uint32_t)idle_ms;
		if (core >= 0) {
			params->flags |= IORING_SETUP_SQ_AFF;
			params->sq_thread_cpu = (uint32_t)core;
		}
	} else {
		params->flags |= IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	}
	result = uring_memory_open(&ring->memory, (uint32_t)entries);
	if (result < 0) {
		free(ring);
		return result;
	}
	find_words(ring);
	register_ring(ring);
	probe(ring);
	return (double)(uintptr_t)ring;
}

/* Where the other side finds everything; the order is that of Described in libos/uring/layout.ts. */
EXPORT void uring_describe(double address, double *described)
{
	const struct uring_memory *memory = &ring_at(address)->memory;
	const struct io_uring_params *params = &memory->params;
	const double all[] = {
		(double)(uintptr_t)memory->shared,
		(double)memory->shared_bytes,
		(double)(uintptr_t)memory->sqes,
		params->sq_entries,
		params->sq_off.head,
		params->sq_off.flags,
		params->cq_entries,
		params->cq_off.head,
		params->cq_off.tail,
		params->cq_off.cqes,
		params->features,
	};

	memcpy(described, all, sizeof(all));
}

EXPORT int uring_has_opcode(double address, int opcode)
{
	return ring_at(address)->opcodes[opcode];
}

/* Where device times go from now on; 0 for nowhere. */
EXPORT void uring_set_device_times(double address, double times)
{
	ring_at(address)->device_times = (struct device_times *)(uintptr_t)times;
}

/* A ring of buffers to receive into: `entries` (a power of two) struct io_uring_buf on pages of their own. */
EXPORT int uring_add_buffers(double address, int group, double buffers, int entries)
{
	struct io_uring_buf_reg given = {
		.ring_addr = (uint64_t)buffers,
		.ring_entries = (uint32_t)entries,
		.bgid = (uint16_t)group,
	};

	return register_at(ring_at(address), IORING_REGISTER_PBUF_RING, &given, 1);
}

/* Whoever waits polls the queues of the network cards for so long before it sleeps. */
EXPORT int uring_set_napi(double address, int busy_poll_us)
{
	struct napi given = {.busy_poll_us = (uint32_t)busy_poll_us, .prefer_busy_poll = 1};

	return register_at(ring_at(address), REGISTER_NAPI, &given, 1);
}

static uint32_t submissions_left(struct ring *ring, uint32_t tail)
{
	return tail - atomic_load_explicit(ring->sq_head, memory_order_acquire);
}

/* The kernel's thread takes what is published; it must be woken when it says that it sleeps. */
static void turn_polled(struct ring *ring)
{
	uint32_t flags;

	/* The new tail must be there for it before its flag is read here. */
	atomic_thread_fence(memory_order_seq_cst);
	flags = atomic_load_explicit(ring->sq_flags, memory_order_relaxed);
	if (flags & IORING_SQ_NEED_WAKEUP)
		enter(ring, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	if (flags & IORING_SQ_CQ_OVERFLOW)
		enter(ring, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
}

static uint32_t wanted_events(struct ring *ring)
{
	const uint32_t flags = atomic_load_explicit(ring->sq_flags, memory_order_acquire);

	return flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW) ? IORING_ENTER_GETEVENTS : 0;
}

/* In two calls, so that each has its times. */
static void turn_timed(struct ring *ring, uint32_t submitted, uint32_t events, struct device_times *times)
{
	uint32_t before;
	uint64_t entered;

	if (submitted > 0) {
		times->handed_enter = counter_now();
		enter(ring, submitted, 0, 0, NULL, 0);
		times->handed_leave = counter_now();
	}
	if ((events | wanted_events(ring)) == 0)
		return;
	before = atomic_load_explicit(ring->cq_tail, memory_order_acquire);
	entered = counter_now();
	look_at_window(times, entered);
	enter(ring, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
	if (atomic_load_explicit(ring->cq_tail, memory_order_acquire) == before)
		return;
	times->delivered_enter = entered;
	times->delivered_leave = counter_now();
}

/*
 * Submits what stands before `tail`, and has the kernel do what is due: completions are in the ring then.
 * `events` asks for them though no flag does. Returns how many submissions the kernel has not taken.
 */
EXPORT int uring_turn(double address, uint32_t tail, int events)
{
	struct ring *ring = ring_at(address);
	struct device_times *times = ring->device_times;
	uint32_t submitted, flags;

	atomic_store_explicit(ring->sq_tail, tail, memory_order_release);
	if (ring->polled_by_kernel) {
		turn_polled(ring);
		return 0;
	}
	submitted = submissions_left(ring, tail);
	flags = events ? IORING_ENTER_GETEVENTS : wanted_events(ring);
	if (wanted(times))
		turn_timed(ring, submitted, flags, times);
	else if (submitted > 0 || flags != 0)
		enter(ring, submitted, 0, flags, NULL, 0);
	return (int)submissions_left(ring, tail);
}

/*
 * The same, and sleeps until there is a completion, for `timeout_us` at most. What arrives meanwhile has come
 * when this returns: that is when it counts as delivered.
 */
EXPORT int uring_wait(double address, uint32_t tail, double timeout_us)
{
	struct ring *ring = ring_at(address);
	struct device_times *times = ring->device_times;
	const int64_t timeout_ns = (int64_t)(timeout_us * 1e3);
	struct __kernel_timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	const struct io_uring_getevents_arg argument = {.ts = (uint64_t)(uintptr_t)&timeout};
	uint32_t flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;

	atomic_store_explicit(ring->sq_tail, tail, memory_order_release);
	if (ring->polled_by_kernel) {
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load_explicit(ring->sq_flags, memory_order_relaxed) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	if (wanted(times) && submissions_left(ring, tail) > 0)
		times->handed_enter = times->handed_leave = counter_now();
	enter(ring, ring->polled_by_kernel ? 0 : submissions_left(ring, tail), 1, flags, &argument,
	      sizeof(argument));
	if (wanted(times)) {
		times->delivered_enter = times->delivered_leave = counter_now();
		look_at_window(times, times->delivered_enter);
	}
	return ring->polled_by_kernel ? 0 : (int)submissions_left(ring, tail);
}
