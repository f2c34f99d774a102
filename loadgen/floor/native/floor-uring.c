/*
 * The side of a floor that answers, by io_uring: as many bytes as a reply has for as many as a request has, over
 * the one connection that floor-sockets.c makes as its client. Received by a standing request into buffers that
 * the kernel takes from a ring, sent by another one; this thread looks at a word in memory until something is
 * due, and enters the kernel for that alone (IORING_SETUP_DEFER_TASKRUN). No libOS and no server above it.
 * loadgen/floor/uring.ts runs it:
 *
 *     floor-uring server CORE REQUEST_BYTES REPLY_BYTES
 *
 * It listens on a port of loopback that the kernel chooses, prints `ready PORT`, and ends well when its client
 * is gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include "../../../libos/native/uring-memory.h"
#include "floor-loopback.h"
#include "floor-side.h"

enum {
	/* A message begins with its number, which the reply repeats. */
	ROUND_BYTES = sizeof(uint32_t),
	ENTRIES = 8,
	/* A power of two; each as long as what one call moves at most. */
	BUFFERS = 16,
	BUFFER_BYTES = 1 << 18,
	/* Of a reply, so much is sent at once. */
	REPLY_BYTES = 1 << 22,
	RECEIVE = 1,
	SEND = 2,
	/* Looks at the word between two at the signal. */
	LOOKS = 4096,
};

static struct uring_memory ring;

static struct {
	struct io_uring_buf_ring *ring;
	uint8_t *memory;
	/* What replies are sent from: the kernel may receive while it sends. */
	uint8_t *reply;
	uint16_t tail;
} buffers;

/* Submissions written. */
static uint32_t submissions;

static _Atomic uint32_t *word(uint32_t offset)
{
	return uring_word(&ring, offset);
}

static void *map(size_t bytes)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (mapped == MAP_FAILED)
		fail("mmap of %zu bytes: %s", bytes, strerror(errno));
	return mapped;
}

static void give_buffer(uint16_t number)
{
	struct io_uring_buf *buffer = &buffers.ring->bufs[buffers.tail % BUFFERS];

	buffer->addr = (uint64_t)(uintptr_t)(buffers.memory + (size_t)number * BUFFER_BYTES);
	buffer->len = BUFFER_BYTES;
	buffer->bid = number;
	/* The thread that the kernel works in is this one. */
	buffers.ring->tail = ++buffers.tail;
}

static void open_ring(void)
{
	struct io_uring_buf_reg given = {.ring_entries = BUFFERS};
	int result;

	ring.params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
	result = uring_memory_open(&ring, ENTRIES);
	if (result < 0)
		fail("io_uring_setup: %s: bypassbench doctor says what to do", strerror(-result));
	buffers.ring = map(BUFFERS * sizeof(struct io_uring_buf));
	buffers.memory = map((size_t)BUFFERS * BUFFER_BYTES);
	buffers.reply = map(REPLY_BYTES);
	given.ring_addr = (uint64_t)(uintptr_t)buffers.ring;
	if (syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_PBUF_RING, &given, 1) != 0)
		fail("the kernel takes no ring of buffers: %s", strerror(errno));
	for (uint16_t i = 0; i < BUFFERS; i++)
		give_buffer(i);
}

static struct io_uring_sqe *next_submission(uint8_t opcode, int fd, uint64_t what)
{
	struct io_uring_sqe *sqe = &ring.sqes[submissions++ & (ring.params.sq_entries - 1)];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = what;
	return sqe;
}

static void receive(int fd)
{
	struct io_uring_sqe *sqe = next_submission(IORING_OP_RECV, fd, RECEIVE);

	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->flags = IOSQE_BUFFER_SELECT;
}

static void send_bytes(int fd, uint32_t bytes)
{
	struct io_uring_sqe *sqe = next_submission(IORING_OP_SEND, fd, SEND);

	sqe->addr = (uint64_t)(uintptr_t)buffers.reply;
	sqe->len = bytes;
	sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

/* Enters the kernel where something is to be submitted, or it has something to do. */
static void turn(void)
{
	const uint32_t left = submissions - atomic_load(word(ring.params.sq_off.head));
	const bool due = atomic_load(word(ring.params.sq_off.flags)) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);

	atomic_store(word(ring.params.sq_off.tail), submissions);
	if (left > 0 || due)
		syscall(__NR_io_uring_enter, ring.fd, left, 0, due ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

/* Of the connection: bytes of the request that have come, and of the reply that are still to be sent. */
struct exchange {
	int fd;
	uint32_t request_bytes, reply_bytes;
	uint32_t received, to_send;
};

/* The reply goes from the start of its memory, where the number of the round is written. */
static void send_reply(struct exchange *exchange)
{
	send_bytes(exchange->fd, exchange->to_send < REPLY_BYTES ? exchange->to_send : REPLY_BYTES);
}

static bool received(struct exchange *exchange, int32_t bytes, uint32_t flags, uint8_t *round)
{
	if (flags & IORING_CQE_F_BUFFER) {
		const uint16_t at = (uint16_t)(flags >> IORING_CQE_BUFFER_SHIFT);
		const uint8_t *buffer = buffers.memory + (size_t)at * BUFFER_BYTES;

		for (uint32_t i = exchange->received; i < ROUND_BYTES && i < exchange->received + (uint32_t)bytes; i++)
			round[i] = buffer[i - exchange->received];
		give_buffer(at);
	}
	if (bytes == 0 || bytes == -ECONNRESET)
		return false;
	if (bytes < 0 && bytes != -ENOBUFS)
		fail("recv: %s", strerror(-bytes));
	if (bytes > 0)
		exchange->received += (uint32_t)bytes;
	if (exchange->received > exchange->request_bytes)
		fail("more came than the %u bytes of a message", exchange->request_bytes);
	if (!(flags & IORING_CQE_F_MORE))
		receive(exchange->fd);
	if (exchange->received == exchange->request_bytes) {
		exchange->received = 0;
		exchange->to_send = exchange->reply_bytes;
		memcpy(buffers.reply, round, ROUND_BYTES);
		send_reply(exchange);
	}
	return true;
}

static bool sent(struct exchange *exchange, int32_t bytes)
{
	if (bytes == -EPIPE || bytes == -ECONNRESET)
		return false;
	if (bytes < 0)
		fail("send: %s", strerror(-bytes));
	exchange->to_send -= (uint32_t)bytes;
	if (exchange->to_send > 0)
		send_reply(exchange);
	return true;
}

static void serve(struct exchange *exchange)
{
	const struct io_uring_cqe *cqes =
		(const struct io_uring_cqe *)(ring.shared + ring.params.cq_off.cqes);
	uint32_t head = 0;
	uint8_t round[ROUND_BYTES] = {0};

	receive(exchange->fd);
	for (uint32_t looks = 1; looks % LOOKS != 0 || !stopped; looks++) {
		turn();
		for (uint32_t tail = atomic_load(word(ring.params.cq_off.tail)); head != tail; head++) {
			const struct io_uring_cqe *cqe = &cqes[head & (ring.params.cq_entries - 1)];
			const bool goes_on = cqe->user_data == SEND
						     ? sent(exchange, cqe->res)
						     : received(exchange, cqe->res, cqe->flags, round);

			if (!goes_on)
				return;
		}
		atomic_store(word(ring.params.cq_off.head), head);
	}
}

int main(int argc, char **argv)
{
	struct exchange exchange = {0};
	uint32_t port;
	int listener;

	if (argc != 5 || strcmp(argv[1], "server") != 0)
		fail("usage: floor-uring server CORE REQUEST_BYTES REPLY_BYTES");
	end_when_told();
	pin(number(argv[2], "CORE", 0, CPU_SETSIZE - 1));
	exchange.request_bytes = number(argv[3], "REQUEST_BYTES", ROUND_BYTES, INT32_MAX);
	exchange.reply_bytes = number(argv[4], "REPLY_BYTES", ROUND_BYTES, INT32_MAX);
	open_ring();
	listener = listen_on_loopback(&port);
	printf("ready %u\n", port);
	fflush(stdout);
	exchange.fd = accept_client(listener);
	close(listener);
	if (exchange.fd < 0)
		return 0;
	/* A socket that does not block makes requests fail in the place of waiting. */
	if (fcntl(exchange.fd, F_SETFL, fcntl(exchange.fd, F_GETFL) & ~O_NONBLOCK) != 0)
		fail("fcntl: %s", strerror(errno));
	serve(&exchange);
	return 0;
}
