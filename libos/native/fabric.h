/*
 * What the files of the glue for libfabric share: an endpoint, and the area that the other side sees of it as
 * typed arrays (its layout there: libos/rdma/layout.ts). Buffers, peers, slabs and sends are named by number
 * on both sides.
 *
 *     fabric.c    finds a provider, opens and closes its endpoint, registers memory, knows peers
 *     ahead.c     an endpoint that a thread of its own opens, for who comes next
 *     message.c   fabric_exchange: posts receives, sends, and reads completions in one call
 *     fabric-wait.c   fabric_wait: sleeps until there are completions
 *     loss.c      an endpoint that a call into the provider did not return from
 *     watch.c     the watchdog that sees such a call
 *
 * One thread uses an endpoint. Exported functions return 0 or more, or -1 with the reason in fabric_error().
 */
#ifndef BYPASSBENCH_FABRIC_H
#define BYPASSBENCH_FABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rdma/fabric.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>

#include "device-times.h"
#include "watch.h"

#define EXPORT __attribute__((visibility("default")))

enum {
	/* Of a process. Over shm there is one for each process that it talks to. */
	MAX_ENDPOINTS = 1024,
	/* Completions that one exchange reads. */
	MAX_BURST = 64,
	/* Messages that wait for the next exchange, or for room in the device. */
	MAX_QUEUED = 1024,
	/* Sends that the device has not reported yet. */
	MAX_SENDS = 4096,
	MAX_FINISHED = MAX_SENDS,
	MAX_PEERS = 4096,
	/* A GiB of the default slabs each for a thousand of these. */
	MAX_SLABS = 16384,
	ADDRESS_BYTES = 256,
	HEADER_WORDS = 6,
	HEADER_BYTES = 4 * HEADER_WORDS,
	/* Parts of a message, beside its header, that lie apart. */
	MAX_PIECES = 3,
	/* Larger messages are not copied here to be injected, whatever the provider allows. */
	MAX_INJECT = 4096,
	/* Exchanges between two readings of the clock. */
	EXCHANGES_PER_READING = 16,
};

/* As SendFlag in libos/rdma/layout.ts. */
enum {
	/* Finished when the peer has it, not when it has left. */
	DELIVERED = 1,
	/* Not to be sent any more. */
	DROPPED = 2,
};

/* clang-format off */
#define COUNTERS(X) \
	X(rx_messages) X(rx_bytes) X(rx_errors) \
	X(tx_messages) X(tx_bytes) X(tx_injected) X(tx_again) X(tx_errors)
/* clang-format on */

#define COUNTER_NUMBER(name) COUNT_##name,
enum { COUNTERS(COUNTER_NUMBER) COUNTER_COUNT };
#define COUNTER_NAME(name) #name " "

struct piece {
	double address;
	int32_t length;
	/* The slab in which it lies. */
	int32_t slab;
};

struct send_descriptor {
	struct piece pieces[MAX_PIECES];
	int32_t piece_count;
	int32_t peer;
	/* The number under which it is reported as finished; free until then. */
	int32_t send;
	int32_t flags;
	uint32_t header[HEADER_WORDS];
	uint32_t reserved_too[2];
};

struct area {
	double now_us;
	double counters[15];
	/* Written here. */
	int32_t posted;
	int32_t finished;
	int32_t rx_limit;
	int32_t tx_limit;
	int32_t inject_bytes;
	int32_t registers;
	int32_t address_length;
	int32_t max_message_bytes;
	/* Written by the other side; what could not be done yet stays. */
	int32_t queued;
	int32_t to_post;
	/* Pieces that the provider takes. */
	int32_t max_pieces;
	/*
	 * Written here: a call into the provider did not return, or a message was lost, and nothing can be
	 * done with the endpoint but to close it.
	 */
	int32_t lost;
	/* Written here: completions end fabric_wait. */
	int32_t wakes;
	int32_t reserved[3];
	int32_t rx_buffer[MAX_BURST];
	/* Bytes of the whole message, which may be more than the buffer took. */
	int32_t rx_length[MAX_BURST];
	uint32_t rx_header[MAX_BURST * HEADER_WORDS];
	int32_t finished_send[MAX_FINISHED];
	/* An error number of libfabric, or 0. */
	int32_t finished_error[MAX_FINISHED];
	struct send_descriptor tx[MAX_QUEUED];
	uint8_t address[ADDRESS_BYTES];
	int32_t post[];
};

_Static_assert(COUNTER_COUNT <= 15, "the area has room for the counters");
_Static_assert(sizeof(struct send_descriptor) == 96, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, posted) == 128, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, queued) == 160, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, rx_buffer) == 192, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, finished_send) == 2240, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, tx) == 35008, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, address) == 133312, "libos/rdma/layout.ts");
_Static_assert(offsetof(struct area, post) == 133568, "libos/rdma/layout.ts");

struct receive {
	/* First, so that the context of a completion is the receive. */
	struct fi_context2 context;
	uint8_t *bytes;
	void *descriptor;
};

struct send {
	struct fi_context2 context;
	uint8_t header[HEADER_BYTES];
};

struct endpoint {
	struct area *area;
	size_t area_bytes;
	bool open;
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_domain *domain;
	struct fid_av *av;
	struct fid_cq *cq;
	/* Readable when there are completions (FI_WAIT_FD); -1 where the provider has none. */
	int wait_fd;
	struct fid_ep *ep;
	struct fid_mr *sends_region;
	void *sends_descriptor;
	struct send *sends;
	struct receive *receives;
	int receive_count;
	uint32_t receive_bytes;
	struct fid_mr *slabs[MAX_SLABS];
	int slab_count;
	fi_addr_t peers[MAX_PEERS];
	bool peer_known[MAX_PEERS];
	/* The round of sending in which the provider took no more for a peer. */
	uint32_t blocked_in[MAX_PEERS];
	uint32_t round;
	uint32_t exchanges;
	/* NULL for none. */
	struct device_times *device_times;
	/* Of the thread that uses it. */
	struct watch *watch;
	/*
	 * Whether that can be brought out of a call that hangs: what the call leaves undone is in shared
	 * memory alone.
	 */
	bool leaves;
	/* Why it was lost, and whether that was in the middle of a call. */
	char loss[160];
	bool stuck;
	/*
	 * The process of the peer that was made known last, 0 where it is not known, and what that calls
	 * its endpoint.
	 */
	int peer_process;
	char peer_name[ADDRESS_BYTES];
	uint8_t staging[MAX_INJECT];
};

extern struct endpoint *endpoints[MAX_ENDPOINTS];

void read_clock(struct endpoint *endpoint);

/* Notes why something failed, for fabric_error(). Returns -1. */
__attribute__((format(printf, 1, 2))) int fail(const char *format, ...);
/* Of shm: an endpoint is called by its process's number, unless its address says another name, as here. */
void set_name(struct fi_info *info, const char *name, int receives);
/*
 * Opens an endpoint of `info`, which it takes, for at most `receives` receives. `wakes`: for a thread that will sleep.
 * Returns its number.
 */
int open_endpoint(struct fi_info *info, int receives, uint32_t receive_bytes, bool wakes);
/* Notes that a call did not return. Returns 0. */
int lose(struct endpoint *endpoint);
/* Notes that a message of the only peer could not be received: its stream has a hole. */
void lose_for_error(struct endpoint *endpoint, int error);
/* Gives back what can be given back of one in the middle of a call: the shared memory, when the peer is gone. */
void bury(struct endpoint *endpoint);
/* What an address of shm names, which is the file's name in /dev/shm. */
const char *name_in_address(const char *address);

#endif
