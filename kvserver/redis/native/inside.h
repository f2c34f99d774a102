/* What the files of the port share, beside Redis' own headers. */
#ifndef BYPASSBENCH_REDIS_INSIDE_H
#define BYPASSBENCH_REDIS_INSIDE_H

#include "server.h"
#include "connection.h"
#include "port.h"

/* Of server.c and networking.c, which no header of Redis has. */
void beforeSleep(struct aeEventLoop *loop);
void afterSleep(struct aeEventLoop *loop);
extern int ProcessingEventsWhileBlocked;

extern struct rp_shared shared_area;

/* Descriptors that Redis is shown for our connections: beyond any that the kernel gives out. */
enum { RP_FIRST_FD = 1 << 30, RP_LISTENING_FD = RP_FIRST_FD - 1 };

/* Before the first connection. */
void init_connections(void);
/* A script is being debugged: everybody but its client waits, and so does Redis' own work between requests. */
bool is_debugging(void);
/* Whether a child can serve the client whose script is to be debugged: one of the library OS has no descriptor. */
bool may_be_debugged_apart(void);
/* Runs one input. The connection may be gone afterwards. */
void run_input(const struct rp_input *input);
/* Runs input that waited, of connections that Redis reads from again. */
void continue_inputs(void);
/* Continues the output of connections that wait for room, each at most once. */
void continue_outputs(void);
/* Takes the connection of this slot through Redis' accept. */
void accept_connection(int slot, const char *peer, int peer_port, const char *local, int local_port);

/* The last output of a connection, where more can be appended while the outputs are not emptied. All zeroes: none. */
struct last_output {
	int number;
	uint64_t generation;
};

/* Copies as much as there is room for in lent blocks, and as the connection may have on its way; returns how much. */
size_t append_output(int slot, struct last_output *last, const char *bytes, size_t length);
/* An output without a block. False: there is no room for it. */
bool put_output(enum rp_output_kind kind, int slot);
/* The connection of this slot closed; report_closed() puts that among the outputs, as far as there is room. */
void close_slot(int slot);
void report_closed(void);
/* Sends what a connection owes, as far as there is room. False: something is left. */
bool send_owed(int slot, struct last_output *last, sds *owed);
/* As close_slot(), when that is sent: continue_farewells() continues it. */
void close_slot_when_sent(int slot, const struct last_output *last, sds owed);
void continue_farewells(void);

/* The process that serves, and not one of its children. */
extern pid_t own_process;
/* What is open now is not Redis' own: its children close it. */
void note_descriptors(void);
/* This thread moves to the cores of this process that are not its own, for threads that it makes; and back. */
void leave_own_cores(void);
void return_to_own_cores(void);

/* Whether this thread is the data path, inside of Redis. */
bool is_in_redis(void);
/* From here on a crash of Redis is told. */
void watch_for_crashes(void);
/* Where Redis writes its log is known now. */
void note_log(void);
/* Of the signals by which a process crashes. */
bool is_crash(int signal);

/* Runs the body, which may exit() in Redis. Returns 0, or -1 when it did. */
int run_guarded(void (*body)(void));
/* Lets the caller of the port look at the network; returns unless Redis has exited meanwhile. False: it cannot now. */
bool look_at_network(void);
/* In the middle of a turn whose answers wait for a sync, and for others' requests. */
bool is_gathering(void);
/* Whom INFO asks what the network below has counted. */
void count_by(rp_count_function *given);
/* How many inputs were run so far. */
extern unsigned long inputs_run;

#endif
