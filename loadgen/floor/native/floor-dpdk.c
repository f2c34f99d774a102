/*
 * The floor of a round trip over DPDK's memif: frames as long as those of a request and its reply, one
 * request in flight, C on both sides, and nothing above the device. loadgen/floor/dpdk.ts runs it as two
 * processes:
 *
 *     floor-dpdk server CORE SOCKET MTU REQUEST_BYTES REPLY_BYTES
 *     floor-dpdk client CORE SOCKET MTU REQUEST_BYTES REPLY_BYTES COUNTS_FILE WARMUP_S DURATION_S SERVER_CORE
 *
 * REQUEST_BYTES and REPLY_BYTES are what TCP would carry; each frame has HEADERS bytes before its share of
 * them. The server prints `ready` when its socket is there, and ends when the client says farewell or on
 * SIGTERM.
 *
 * The counts file has the text of floor-slices.h. It is no standard output, on which libraries may write as
 * well.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_version.h>

#include "floor-side.h"
#include "floor-slices.h"
#include "gate.h"

enum {
	/* Ethernet 14, IPv4 20, TCP 20, its timestamps option 12: what our stack puts before the data. */
	HEADERS = 66,
	/* Of these, IP's. */
	IP_HEADERS = 52,
	/* IEEE's first EtherType for local experiments: no stack takes these frames for its own. */
	ETHERTYPE = 0x88b5,
	ROUND_AT = RTE_ETHER_HDR_LEN,
	/* The rings in shared memory, as libos/dpdk/port.ts has them; one buffer holds the largest frame. */
	RING_BUFFER_BYTES = 10240,
	LOG2_RING = 9,
	BURST = 32,
	POOL_FRAMES = 1024,
	POOL_CACHE = 128,
	PORT = 0,
	LANE = 0,
	/* Empty polls between two looks at the clock, at the signal and at the gate. */
	POLLS_PER_LOOK = 4096,
	LINK_WAIT_S = 10,
	ANSWER_WAIT_S = 2,
};

/* Not the number of any round trip. */
static const uint32_t FAREWELL = UINT32_MAX;

static struct rte_mempool *pool;
static uint32_t mss;
static uint8_t header[HEADERS];

static void start_eal(const char *role, const char *core, const char *socket)
{
	char memory[16], lcores[32], device[256], prefix[32];
	snprintf(memory, sizeof(memory), "%u", 32 + (2 * POOL_FRAMES * RING_BUFFER_BYTES >> 20));
	snprintf(lcores, sizeof(lcores), "0@%s", core);
	snprintf(prefix, sizeof(prefix), "floor-%d", getpid());
	snprintf(device, sizeof(device),
		 "net_memif0,role=%s,id=0,socket-abstract=no,bsize=%d,rsize=%d,socket=%s", role,
		 RING_BUFFER_BYTES, LOG2_RING, socket);
	char *arguments[] = {
		"floor-dpdk",	  "--no-pci",
		"--no-huge",	  "-m",
		memory,		  "--iova-mode=va",
		"--file-prefix",  prefix,
		"--no-telemetry", "--log-level=lib.eal:3",
		"--lcores",	  lcores,
		"--vdev",	  device,
	};
	gate_set_owner(LANE);
	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0)
		fail("DPDK cannot be started: %s", rte_strerror(rte_errno));
	pool = rte_pktmbuf_pool_create("frames", POOL_FRAMES, POOL_CACHE, 0,
				       RTE_PKTMBUF_HEADROOM + RING_BUFFER_BYTES, 0);
	if (pool == NULL)
		fail("no memory for %d frames: %s", POOL_FRAMES, rte_strerror(rte_errno));
}

static void start_port(void)
{
	const struct rte_eth_conf configuration = {0};
	gate_lock();
	int failure = rte_eth_dev_configure(PORT, 1, 1, &configuration);
	if (failure == 0)
		failure = rte_eth_rx_queue_setup(PORT, 0, 1024, SOCKET_ID_ANY, NULL, pool);
	if (failure == 0)
		failure = rte_eth_tx_queue_setup(PORT, 0, 1024, SOCKET_ID_ANY, NULL);
	if (failure == 0)
		failure = rte_eth_dev_start(PORT);
	gate_unlock();
	if (failure != 0)
		fail("the memif device cannot be started: %s", rte_strerror(-failure));
}

/*
 * net_memif takes its ring down on EAL's interrupt thread when the peer is gone, and says that the link is down before
 * it has done so: whoever closed the port then freed what that thread still worked on. Behind the gate the one waits
 * for the other.
 *
 * rte_eal_cleanup unmaps EAL's memory, in which that thread may still free what was its peer's: everything goes with
 * the process instead.
 */
static void stop_port(void)
{
	gate_lock();
	rte_eth_dev_stop(PORT);
	gate_close_listeners(LANE);
	rte_eth_dev_close(PORT);
	gate_unlock();
}

/* Returns whether the link came up before a signal asked the process to end. */
static bool wait_for_link(bool for_ever)
{
	const uint64_t deadline = rte_rdtsc() + LINK_WAIT_S * rte_get_tsc_hz();
	while (!stopped) {
		struct rte_eth_link link;
		if (rte_eth_link_get_nowait(PORT, &link) == 0 && link.link_status == RTE_ETH_LINK_UP)
			return true;
		if (!for_ever && rte_rdtsc() > deadline)
			fail("the memif link did not come up in %d s", LINK_WAIT_S);
		usleep(1000);
	}
	return false;
}

/* Sends `bytes` of data in as many frames as they need. Returns false when there was no room for too long. */
static inline bool send_message(uint32_t round, uint32_t bytes)
{
	do {
		const uint32_t data = RTE_MIN(bytes, mss);
		struct rte_mbuf *frame = rte_pktmbuf_alloc(pool);
		if (unlikely(frame == NULL))
			fail("there are no free frames");
		uint8_t *start = rte_pktmbuf_mtod(frame, uint8_t *);
		memcpy(start, header, RTE_ETHER_HDR_LEN);
		memcpy(start + ROUND_AT, &round, sizeof(round));
		frame->data_len = HEADERS + data;
		frame->pkt_len = HEADERS + data;
		uint64_t deadline = 0;
		while (unlikely(rte_eth_tx_burst(PORT, 0, &frame, 1) == 0)) {
			gate_give_way(LANE);
			const uint64_t now = rte_rdtsc();
			if (deadline == 0)
				deadline = now + ANSWER_WAIT_S * rte_get_tsc_hz();
			if (now > deadline || stopped) {
				rte_pktmbuf_free(frame);
				return false;
			}
		}
		bytes -= data;
	} while (bytes > 0);
	return true;
}

/* Polls until `bytes` of data, or a farewell, have come. Returns false when that took too long. */
static inline bool receive_message(uint32_t *round, uint32_t bytes, bool for_ever)
{
	struct rte_mbuf *frames[BURST];
	uint64_t deadline = 0;
	uint32_t received = 0, polls = 0;
	while (received < bytes) {
		const uint16_t count = rte_eth_rx_burst(PORT, 0, frames, BURST);
		for (uint16_t i = 0; i < count; i++) {
			memcpy(round, rte_pktmbuf_mtod(frames[i], uint8_t *) + ROUND_AT, sizeof(*round));
			received += frames[i]->pkt_len - HEADERS;
			rte_pktmbuf_free(frames[i]);
			if (unlikely(*round == FAREWELL))
				return true;
		}
		if (unlikely(++polls % POLLS_PER_LOOK == 0)) {
			gate_give_way(LANE);
			if (stopped)
				return false;
			const uint64_t now = rte_rdtsc();
			if (deadline == 0)
				deadline = now + ANSWER_WAIT_S * rte_get_tsc_hz();
			if (!for_ever && now > deadline)
				return false;
		}
	}
	return true;
}

/* On the inside of the gate: the bursts of an exchange. */
static void enter(void)
{
	while (!gate_enter(LANE))
		sched_yield();
}

/*
 * Leaves the ring alone until the client has taken it down: were it taken down here first, the client might
 * miss the farewell in it.
 */
static void wait_for_link_down(void)
{
	const uint64_t deadline = rte_rdtsc() + ANSWER_WAIT_S * rte_get_tsc_hz();
	struct rte_eth_link link = {.link_status = RTE_ETH_LINK_UP};
	while (link.link_status == RTE_ETH_LINK_UP && rte_rdtsc() < deadline && !stopped) {
		usleep(1000);
		rte_eth_link_get_nowait(PORT, &link);
	}
}

static void serve(uint32_t request_bytes, uint32_t reply_bytes)
{
	puts("ready");
	fflush(stdout);
	if (!wait_for_link(true))
		return;
	uint32_t round = 0;
	bool answered = true;
	enter();
	while (answered && receive_message(&round, request_bytes, true) && round != FAREWELL)
		answered = send_message(round, reply_bytes);
	const bool parted = answered && round == FAREWELL && send_message(FAREWELL, 1);
	gate_leave(LANE);
	if (parted)
		wait_for_link_down();
}

/* One round trip. Returns false when a signal asked the process to end before its reply came. */
static inline bool exchange(uint32_t round, uint32_t request_bytes, uint32_t reply_bytes)
{
	uint32_t answered = FAREWELL;
	if (!send_message(round, request_bytes) || !receive_message(&answered, reply_bytes, false)) {
		if (stopped)
			return false;
		fail("no answer for %d s", ANSWER_WAIT_S);
	}
	if (unlikely(answered != round))
		fail("round trip %u was answered as %u", round, answered);
	return true;
}

/*
 * Times each round trip as the load generator does: from just before the request is sent to the reply.
 * Returns false when a signal ended it.
 */
static bool measure(uint32_t request_bytes, uint32_t reply_bytes, const struct window *window)
{
	const uint64_t hz = rte_get_tsc_hz();
	prepare_window(window, hz);
	const uint64_t warm = rte_rdtsc() + (uint64_t)(window->warmup_s * hz);
	uint32_t round = 0;
	for (; rte_rdtsc() < warm; round = (round + 1) % FAREWELL) {
		if (stopped || !exchange(round, request_bytes, reply_bytes))
			return false;
	}
	struct slice slice;
	while (open_slice(&slice)) {
		for (;; round = (round + 1) % FAREWELL) {
			const uint64_t sent = rte_rdtsc();
			if (unlikely(sent >= slice.closes))
				break;
			if (unlikely(stopped) || !exchange(round, request_bytes, reply_bytes))
				return false;
			count_round_trip(&slice, sent, rte_rdtsc());
		}
		close_slice();
	}
	return true;
}

static void ask(uint32_t request_bytes, uint32_t reply_bytes, const char *file, const struct window *window)
{
	if (!wait_for_link(false))
		return;
	enter();
	const bool complete = measure(request_bytes, reply_bytes, window);
	uint32_t answered;
	if (send_message(FAREWELL, 1))
		receive_message(&answered, 1, false);
	gate_leave(LANE);
	if (!complete)
		return;
	FILE *out = fopen(file, "w");
	if (out == NULL || write_window(out, "dpdk", rte_version() + strlen("DPDK ")) != 0)
		fail("%s cannot be written", file);
}

int main(int argc, char **argv)
{
	const bool is_client = argc == 8 + WINDOW_ARGUMENTS && strcmp(argv[1], "client") == 0;
	const bool is_server = argc == 7 && strcmp(argv[1], "server") == 0;
	if (!is_client && !is_server)
		fail("usage: floor-dpdk server|client CORE SOCKET MTU REQUEST_BYTES REPLY_BYTES "
		     "[COUNTS_FILE " WINDOW_USAGE "]");
	/* DPDK would say no more than that its arguments are wrong. */
	check_core(number(argv[2], "CORE", 0, CPU_SETSIZE - 1));
	const uint32_t mtu = number(argv[4], "MTU", 576, RING_BUFFER_BYTES - RTE_ETHER_HDR_LEN);
	const uint32_t request_bytes = number(argv[5], "REQUEST_BYTES", 1, INT32_MAX);
	const uint32_t reply_bytes = number(argv[6], "REPLY_BYTES", 1, INT32_MAX);
	const struct window window = is_client ? window_of(argv + 8) : (struct window){0};
	mss = mtu - IP_HEADERS;

	end_when_told();
	/* Locally administered addresses. */
	memcpy(header, "\x02\0\0\0\0\2\x02\0\0\0\0\1", 2 * RTE_ETHER_ADDR_LEN);
	header[12] = ETHERTYPE >> 8;
	header[13] = ETHERTYPE & 0xff;

	start_eal(argv[1], argv[2], argv[3]);
	start_port();
	if (is_server)
		serve(request_bytes, reply_bytes);
	else
		ask(request_bytes, reply_bytes, argv[7], &window);
	stop_port();
	fflush(NULL);
	_exit(stopped ? 1 : 0);
}
