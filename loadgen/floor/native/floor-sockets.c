/*
 * The floor of a round trip over the kernel's sockets: as many bytes as a request and its reply have, over
 * TCP on loopback, one request in flight, non-blocking calls polled on both sides, in C, with no libOS, no
 * server and no client above them. loadgen/floor/kernel.ts runs it as two processes:
 *
 *     floor-sockets server CORE REQUEST_BYTES REPLY_BYTES [datagrams]
 *     floor-sockets client CORE PORT REQUEST_BYTES REPLY_BYTES WARMUP_S DURATION_S SERVER_CORE [datagrams]
 *
 * The server listens on a port that the kernel chooses, prints `ready PORT`, and ends well when its client is
 * gone. The client prints the text of floor-slices.h. With `datagrams` on both sides each message is a
 * datagram of UDP; then the server, which hears nothing of its client's end, ends on SIGTERM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/utsname.h>

#include "device-times.h"
#include "floor-loopback.h"
#include "floor-side.h"
#include "floor-slices.h"

enum {
	/* A message begins with its number, which the reply repeats. The shortest reply (+OK) has 5 bytes. */
	ROUND_BYTES = sizeof(uint32_t),
	/* What one call moves at most; longer messages take several. */
	BUFFER_BYTES = 1 << 18,
	/* Empty polls between two looks at the clock and at the signal. */
	POLLS_PER_LOOK = 4096,
	ANSWER_WAIT_S = 2,
};

enum outcome { MOVED, AGAIN, PEER_GONE, TOO_LATE, TOLD_TO_END };

/* While one message goes on. */
struct patience {
	uint32_t polls;
	/* 0 before the first look since something moved. */
	uint64_t deadline;
};

static uint8_t buffer[BUFFER_BYTES];
/* How long nothing of a message may move, by the counter; 0: for ever. */
static uint64_t patience_ticks;

/* What it means that a call moved nothing. */
static enum outcome nothing_moved(ssize_t result, const char *call, struct patience *patience)
{
	uint64_t now;

	if (result == 0 || errno == ECONNRESET || errno == EPIPE || errno == ECONNREFUSED)
		return PEER_GONE;
	if (errno != EAGAIN && errno != EINTR)
		fail("%s: %s", call, strerror(errno));
	if (++patience->polls % POLLS_PER_LOOK != 0)
		return AGAIN;
	if (stopped)
		return TOLD_TO_END;
	now = counter_now();
	if (patience->deadline == 0)
		patience->deadline = now + patience_ticks;
	return patience_ticks != 0 && now > patience->deadline ? TOO_LATE : AGAIN;
}

/* Where in the buffer a message goes on: only its number is read again, so the rest may share its place. */
static size_t place_of(uint32_t done)
{
	return done < ROUND_BYTES ? done : ROUND_BYTES;
}

/* Sends as many bytes, of which the first are those in the buffer. */
static enum outcome send_message(int fd, uint32_t bytes)
{
	struct patience patience = {0};
	uint32_t sent = 0;

	while (sent < bytes) {
		const size_t at = place_of(sent), room = BUFFER_BYTES - at, left = bytes - sent;
		ssize_t result = send(fd, buffer + at, left < room ? left : room, MSG_NOSIGNAL);

		if (result > 0) {
			sent += (uint32_t)result;
			patience.deadline = 0;
			continue;
		}
		enum outcome outcome = nothing_moved(result, "send", &patience);

		if (outcome != AGAIN)
			return outcome;
	}
	return MOVED;
}

/* Polls until as many bytes have come, of which the first are in the buffer then. */
static enum outcome receive_message(int fd, uint32_t bytes)
{
	struct patience patience = {0};
	uint32_t received = 0;

	while (received < bytes) {
		const size_t at = place_of(received);
		ssize_t result = recv(fd, buffer + at, BUFFER_BYTES - at, 0);

		if (result > 0) {
			if ((size_t)result > bytes - received)
				fail("more came than the %u bytes of a message", bytes);
			received += (uint32_t)result;
			patience.deadline = 0;
			continue;
		}
		enum outcome outcome = nothing_moved(result, "recv", &patience);

		if (outcome != AGAIN)
			return outcome;
	}
	return MOVED;
}

/* The socket to the one client that is served; -1 when a signal asks the process to end before it is there. */
static int wait_for_client(bool datagrams)
{
	uint32_t port;
	int first = datagrams ? bind_datagrams(&port) : listen_on_loopback(&port), fd;

	printf("ready %u\n", port);
	fflush(stdout);
	if (datagrams)
		return await_sender(first) ? first : -1;
	fd = accept_client(first);
	close(first);
	return fd;
}

/* Without its client the server ends: the measurement is over, or the client says why not. */
static void serve(uint32_t request_bytes, uint32_t reply_bytes, bool datagrams)
{
	int fd = wait_for_client(datagrams);

	if (fd < 0)
		return;
	while (!stopped && receive_message(fd, request_bytes) == MOVED &&
	       send_message(fd, reply_bytes) == MOVED)
		;
	close(fd);
}

/* Returns whether the reply came before a signal asked the process to end. */
static bool exchange(int fd, uint32_t round, uint32_t request_bytes, uint32_t reply_bytes)
{
	uint32_t answered;

	memcpy(buffer, &round, ROUND_BYTES);
	enum outcome outcome = send_message(fd, request_bytes);

	if (outcome == MOVED)
		outcome = receive_message(fd, reply_bytes);
	if (outcome == TOLD_TO_END)
		return false;
	if (outcome == PEER_GONE)
		fail("the server has closed the connection");
	if (outcome == TOO_LATE)
		fail("no answer for %d s", ANSWER_WAIT_S);
	memcpy(&answered, buffer, ROUND_BYTES);
	if (answered != round)
		fail("round trip %u was answered as %u", round, answered);
	return true;
}

/* Times each round trip as the load generator does: from just before the request is sent to the reply. */
static void measure(int fd, uint32_t request_bytes, uint32_t reply_bytes, const struct window *window)
{
	const double hz = measure_counter_hz();
	uint32_t round = 0;
	struct slice slice;
	struct utsname kernel;

	patience_ticks = (uint64_t)(ANSWER_WAIT_S * hz);
	prepare_window(window, (uint64_t)hz);
	const uint64_t warm = counter_now() + (uint64_t)(window->warmup_s * hz);

	while (counter_now() < warm) {
		if (stopped || !exchange(fd, round++, request_bytes, reply_bytes))
			return;
	}
	while (open_slice(&slice)) {
		for (;;) {
			const uint64_t sent = counter_now();

			if (sent >= slice.closes)
				break;
			if (stopped || !exchange(fd, round++, request_bytes, reply_bytes))
				return;
			count_round_trip(&slice, sent, counter_now());
		}
		close_slice();
	}
	uname(&kernel);
	if (write_window(stdout, "linux", kernel.release) != 0)
		fail("the times measured cannot be written");
}

static uint32_t message_bytes(const char *text, const char *what)
{
	return number(text, what, ROUND_BYTES, INT32_MAX);
}

int main(int argc, char **argv)
{
	const bool datagrams = argc > 1 && strcmp(argv[argc - 1], "datagrams") == 0;
	const int arguments = datagrams ? argc - 1 : argc;
	const bool is_client = arguments == 6 + WINDOW_ARGUMENTS && strcmp(argv[1], "client") == 0;
	const bool is_server = arguments == 5 && strcmp(argv[1], "server") == 0;

	if (!is_client && !is_server)
		fail("usage: floor-sockets server CORE REQUEST_BYTES REPLY_BYTES [datagrams], or "
		     "client CORE PORT REQUEST_BYTES REPLY_BYTES " WINDOW_USAGE " [datagrams]");
	end_when_told();
	pin(number(argv[2], "CORE", 0, CPU_SETSIZE - 1));
	if (is_server) {
		serve(message_bytes(argv[3], "REQUEST_BYTES"), message_bytes(argv[4], "REPLY_BYTES"),
		      datagrams);
	} else {
		const uint32_t port = number(argv[3], "PORT", 1, UINT16_MAX);
		const uint32_t request_bytes = message_bytes(argv[4], "REQUEST_BYTES");
		const uint32_t reply_bytes = message_bytes(argv[5], "REPLY_BYTES");
		const struct window window = window_of(argv + 6);

		int fd = datagrams ? connect_datagrams(port) : connect_to_server(port);

		/* The end of the process closes the connection. */
		measure(fd, request_bytes, reply_bytes, &window);
	}
	return stopped ? 1 : 0;
}
