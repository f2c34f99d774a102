/*
 * Redis' own engine without its sockets: the program redis-server, unchanged, in a shared library, whose connections
 * are fed from memory and write to memory. What Redis calls for the network is replaced by the linker (--wrap): each
 * __wrap_NAME here takes the calls of NAME. One thread, the data path, makes all calls.
 * SIGTERM and SIGINT are Redis' own from rp_start on: it saves as configured, and exits in one of the next calls.
 *
 * Connections are named by slots, which the caller chooses. What came from the network goes in through a table of
 * inputs, what is to be sent comes out through a table of outputs: one call a poll turn, however many connections.
 */
#ifndef BYPASSBENCH_REDIS_PORT_H
#define BYPASSBENCH_REDIS_PORT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RP_SLOTS = 1 << 17,
	/* A turn of the loop takes 128 completions, each of which may be a buffer in several pieces. */
	RP_INPUTS = 4096,
	RP_OUTPUTS = 2048,
	/* Blocks of memory lent to replies; fewer than outputs, so that each of them finds a place there. */
	RP_BLOCKS = 1024,
	/* How deep polls may lie in each other: Redis asks for one in the middle of a long script or of loading. */
	RP_DEPTH = 4,
	/* What one connection may have on its way at a time, as a socket's send buffer: the rest waits in Redis. */
	RP_UNSENT_MAX = 256 * 1024,
};

enum rp_input_kind { RP_DATA = 1, RP_END = 2, RP_RESET = 3 };

struct rp_input {
	int32_t kind;
	int32_t slot;
	double address;
	int32_t length;
	int32_t unused;
};

enum rp_output_kind { RP_SEND = 1, RP_CLOSE = 2, RP_RESUME = 3 };

struct rp_output {
	int32_t kind;
	int32_t slot;
	/* RP_SEND: the number of the block, and how many of its bytes. */
	int32_t block;
	int32_t length;
};

struct rp_block {
	double address;
	int32_t capacity;
	int32_t number;
};

/* What both sides read and write between calls; kvserver/redis/layout.ts has the same offsets. */
struct rp_shared {
	/* By depth: inputs that the caller gives, emptied by rp_turn. */
	int32_t inputs[RP_DEPTH];
	/* Outputs that the port gives, emptied by the caller. */
	int32_t outputs;
	/* The first `blocks` of lent[] are free; the port takes the last of them. */
	int32_t blocks;
	/* Connections that closed and found no room among the outputs: call rp_turn again. */
	int32_t closing;
	/* Connections whose output waits for room: call rp_turn when there is some. */
	int32_t waiting;
	/* Set by exit(); -1 before. */
	int32_t exit_code;
	/* 0, and more while Redis looks at the network in the middle of something. */
	int32_t depth;
	/* Set by the caller when there is room for a connection that waits, emptied by the port. */
	int32_t room;
	/*
	 * For who asks, from another thread, whether the server hangs: signals that were to end it, calls into Redis so
	 * far, and 1 while one is under way and has not turned to the network.
	 */
	int32_t end_signals;
	int32_t calls;
	int32_t in_redis;
	int32_t unused[2];
	struct rp_input input[RP_DEPTH][RP_INPUTS];
	struct rp_output output[RP_OUTPUTS];
	struct rp_block lent[RP_BLOCKS];
	/* By slot: bytes that the caller has and has not sent yet. */
	int32_t unsent[RP_SLOTS];
	/* By slot: 1 while input waits because Redis does not read it: give no more before an RP_RESUME. */
	uint8_t holding[RP_SLOTS];
};

/* Where Redis listens; returns 0 or an errno. `listener` names it until it is given up. */
typedef int rp_listen_function(int listener, const char *address, int port);
typedef void rp_unlisten_function(int listener);
/* Polls the network, in the middle of something long: takes what came, calls rp_turn. False: it cannot now. */
typedef bool rp_look_function(void);
/* Calls rp_counted with what the network below has counted. */
typedef void rp_count_function(void);

struct rp_shared *rp_shared(void);
int rp_shared_bytes(void);

/*
 * Runs Redis' main() with these arguments, separated by zero bytes, up to where its loop would begin. Returns 0, or
 * -1 when it exited instead (exit_code).
 */
int rp_start(const char *arguments, int count, rp_listen_function *listen, rp_unlisten_function *unlisten,
	     rp_look_function *look, rp_count_function *count_network);

/* From an rp_count_function: lines of INFO, which end in "\r\n"; none where nothing is counted. */
void rp_counted(const char *lines);

/* A connection that the network accepted. It may be refused: then a close comes out. Returns 0 or -1 as rp_start. */
int rp_accept(int slot, const char *peer, int peer_port, const char *local, int local_port);

/*
 * Runs what the inputs ask for, continues outputs that waited, and hands over all replies. Bytes of an input are not
 * needed any more when the call that was given them returns. Returns 0 or -1 as rp_start.
 */
int rp_turn(void);

/* Redis' file events and timers that are due, and its replies. Call it at least every millisecond. */
int rp_events(void);

#endif
