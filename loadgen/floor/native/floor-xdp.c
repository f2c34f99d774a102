/*
 * The floor of a round trip over XDP sockets: frames as long as those of a request and its reply, one request in
 * flight, C on both sides, and nothing above the glue of the backend (libos/native/xsk.h). loadgen/floor/xdp.ts runs
 * it as two processes:
 *
 *     floor-xdp server CORE REQUEST_BYTES REPLY_BYTES
 *     floor-xdp client CORE PROCESS REQUEST_BYTES REPLY_BYTES WARMUP_S DURATION_S SERVER_CORE
 *
 * REQUEST_BYTES and REPLY_BYTES are what TCP would carry; each frame has HEADERS bytes before its share of them. The
 * server makes a pair of devices in a network namespace of its own, prints `ready PROCESS`, its number, by which the
 * client finds that, and ends when the client says farewell or on SIGTERM. The client prints the text of
 * floor-slices.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/utsname.h>

#include "device-times.h"
#include "floor-side.h"
#include "floor-slices.h"
#include "frame-area.h"
#include "xdp-program.h"
#include "xsk.h"

enum {
	/* Ethernet 14, IPv4 20, TCP 20, its timestamps option 12: what our stack puts before the data. */
	HEADERS = 66,
	/* Of these, IP's. */
	IP_HEADERS = 52,
	/* Of a pair of devices. */
	MTU = 1500,
	MSS = MTU - IP_HEADERS,
	/* IEEE's first EtherType for local experiments: no stack takes these frames for its own. */
	ETHERTYPE = 0x88b5,
	ETHERTYPE_AT = 12,
	ROUND_AT = SHORTEST_FRAME,
	CHUNK_BYTES = 2048,
	CHUNKS = 4096,
	/* In a chunk that is sent from. */
	HEADROOM = 128,
	/* What the rings take, though nobody looks at them for a while. */
	MOST_BYTES = 1024 * MSS,
	/* Empty polls between two looks at the clock and at the signal. */
	POLLS_PER_LOOK = 4096,
	ANSWER_WAIT_S = 2,
};

/* Not the number of any round trip. */
static const uint32_t FAREWELL = UINT32_MAX;

static double socket_address;
static struct area *area;
static int32_t *lent;
static uint8_t *memory;
static uint64_t patience_ticks;

static void open_socket(const char *interface)
{
	const size_t bytes = (size_t)CHUNKS * CHUNK_BYTES;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		fail("no memory for frames: %s", strerror(errno));
	socket_address = xsk_open(interface, (double)(uintptr_t)memory, CHUNK_BYTES, CHUNKS, MTU, 0,
				  XDP_ATTACH_AUTO, 0);
	if (socket_address < 0)
		fail("no XDP socket can be opened (%.0f): bypassbench doctor says why", -socket_address);
	area = (struct area *)(uintptr_t)xsk_area(socket_address);
	lent = area->base_of + CHUNKS;
	patience_ticks = (uint64_t)(ANSWER_WAIT_S * measure_counter_hz());
}

/* Makes the pair, in a namespace that goes with the last process in it. */
static void make_pair(void)
{
	const char *commands = "ip link add server type veth peer name client && "
			       "ip link set dev server addrgenmode none && ip link set dev server up && "
			       "ip link set dev client addrgenmode none && ip link set dev client up";

	if (unshare(CLONE_NEWNET) != 0)
		fail("no network namespace can be made (%s): it takes root", strerror(errno));
	if (system(commands) != 0)
		fail("no pair of devices can be made: it takes root, and the Debian package iproute2");
}

static void enter_network_of(uint32_t process)
{
	char path[64];
	int network;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", process);
	network = open(path, O_RDONLY | O_CLOEXEC);
	if (network < 0 || setns(network, CLONE_NEWNET) != 0)
		fail("the server's network namespace cannot be entered: %s", strerror(errno));
	close(network);
}

/* Sends what is queued, and takes what has come: returns the bytes of data of it. */
static inline uint32_t turn(uint32_t *round)
{
	const int count = xsk_exchange(socket_address);
	uint32_t bytes = 0;

	for (int i = 0; i < count; i++) {
		const uint8_t *frame = memory + area->rx_offset[i];

		if (frame[ETHERTYPE_AT] == ETHERTYPE >> 8 && frame[ETHERTYPE_AT + 1] == (ETHERTYPE & 0xff)) {
			memcpy(round, frame + ROUND_AT, sizeof(*round));
			bytes += (uint32_t)area->rx_length[i] - HEADERS;
		}
		lent[area->free_count++] = area->rx_buffer[i];
	}
	return bytes;
}

/* Whether nothing has moved for too long, or a signal asks to end. `deadline` is 0 before the first look. */
static bool lost_patience(uint64_t *deadline, bool for_ever)
{
	const uint64_t now = counter_now();

	if (*deadline == 0)
		*deadline = now + patience_ticks;
	return stopped || (!for_ever && now > *deadline);
}

/* Sends `bytes` of data in as many frames as they need. Returns false when there was no room for too long. */
static bool send_message(uint32_t round, uint32_t bytes)
{
	uint32_t ignored;

	do {
		const uint32_t data = bytes < MSS ? bytes : MSS;
		uint64_t deadline = 0;

		while (area->free_count == 0 || area->queued + area->pending >= MAX_QUEUED) {
			turn(&ignored);
			if (lost_patience(&deadline, false))
				return false;
		}
		const int32_t buffer = lent[--area->free_count];
		const int32_t offset = area->base_of[buffer] + HEADROOM;
		uint8_t *frame = memory + offset;

		memcpy(frame, "\x02\0\0\0\0\2\x02\0\0\0\0\1", ETHERTYPE_AT);
		frame[ETHERTYPE_AT] = ETHERTYPE >> 8;
		frame[ETHERTYPE_AT + 1] = ETHERTYPE & 0xff;
		memcpy(frame + ROUND_AT, &round, sizeof(round));
		area->tx[area->queued++] = (struct tx_descriptor){buffer, offset, (int32_t)(HEADERS + data), 0};
		bytes -= data;
	} while (bytes > 0);
	return true;
}

/* Polls until `bytes` of data, or a farewell, have come. Returns false when that took too long. */
static bool receive_message(uint32_t *round, uint32_t bytes, bool for_ever)
{
	uint32_t received = 0, polls = 0;
	uint64_t deadline = 0;

	*round = 0;
	while (received < bytes && *round != FAREWELL) {
		received += turn(round);
		if (++polls % POLLS_PER_LOOK == 0 && lost_patience(&deadline, for_ever))
			return false;
	}
	return true;
}

static void serve(uint32_t request_bytes, uint32_t reply_bytes)
{
	uint32_t round = 0;

	printf("ready %d\n", getpid());
	fflush(stdout);
	while (receive_message(&round, request_bytes, true) && round != FAREWELL &&
	       send_message(round, reply_bytes))
		;
}

/* One round trip. Returns false when a signal asked the process to end before its reply came. */
static inline bool exchange(uint32_t round, uint32_t request_bytes, uint32_t reply_bytes)
{
	uint32_t answered;

	if (!send_message(round, request_bytes) || !receive_message(&answered, reply_bytes, false)) {
		if (stopped)
			return false;
		fail("no answer for %d s", ANSWER_WAIT_S);
	}
	if (answered != round)
		fail("round trip %u was answered as %u", round, answered);
	return true;
}

/*
 * Times each round trip as the load generator does: from just before the request is sent to the reply. Returns false
 * when a signal ended it.
 */
static bool measure(uint32_t request_bytes, uint32_t reply_bytes, const struct window *window)
{
	const double hz = measure_counter_hz();
	uint32_t round = 1;
	struct slice slice;

	prepare_window(window, (uint64_t)hz);
	const uint64_t warm = counter_now() + (uint64_t)(window->warmup_s * hz);

	for (; counter_now() < warm; round = (round + 1) % FAREWELL) {
		if (stopped || !exchange(round, request_bytes, reply_bytes))
			return false;
	}
	while (open_slice(&slice)) {
		for (;; round = (round + 1) % FAREWELL) {
			const uint64_t sent = counter_now();

			if (sent >= slice.closes)
				break;
			if (stopped || !exchange(round, request_bytes, reply_bytes))
				return false;
			count_round_trip(&slice, sent, counter_now());
		}
		close_slice();
	}
	return true;
}

static void ask(uint32_t request_bytes, uint32_t reply_bytes, const struct window *window)
{
	const bool complete = measure(request_bytes, reply_bytes, window);
	struct utsname kernel;

	send_message(FAREWELL, 1);
	xsk_flush(socket_address);
	if (!complete)
		return;
	uname(&kernel);
	if (write_window(stdout, "linux", kernel.release) != 0)
		fail("the times measured cannot be written");
}

static uint32_t message_bytes(const char *text, const char *what)
{
	return number(text, what, 1, MOST_BYTES);
}

int main(int argc, char **argv)
{
	const bool is_client = argc == 6 + WINDOW_ARGUMENTS && strcmp(argv[1], "client") == 0;
	const bool is_server = argc == 5 && strcmp(argv[1], "server") == 0;
	uint32_t core;

	if (!is_client && !is_server)
		fail("usage: floor-xdp server CORE REQUEST_BYTES REPLY_BYTES, or "
		     "client CORE PROCESS REQUEST_BYTES REPLY_BYTES " WINDOW_USAGE);
	end_when_told();
	core = number(argv[2], "CORE", 0, CPU_SETSIZE - 1);
	pin(core);
	if (is_server) {
		const uint32_t request_bytes = message_bytes(argv[3], "REQUEST_BYTES");
		const uint32_t reply_bytes = message_bytes(argv[4], "REPLY_BYTES");

		make_pair();
		open_socket("server");
		serve(request_bytes, reply_bytes);
	} else {
		const uint32_t process = number(argv[3], "PROCESS", 1, INT32_MAX);
		const uint32_t request_bytes = message_bytes(argv[4], "REQUEST_BYTES");
		const uint32_t reply_bytes = message_bytes(argv[5], "REPLY_BYTES");
		const struct window window = window_of(argv + 6);

		enter_network_of(process);
		open_socket("client");
		ask(request_bytes, reply_bytes, &window);
	}
	xsk_close(socket_address);
	return stopped ? 1 : 0;
}
