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
/* Moves connections that closed to the outputs, as far as there is room. */
void report_closed(void);
/* Takes the connection of this slot through Redis' accept. */
void accept_connection(int slot, const char *peer, int peer_port, const char *local, int local_port);

/* Runs the body, which may exit() in Redis. Returns 0, or -1 when it did. */
int run_guarded(void (*body)(void));
/* Lets the caller of the port look at the network; returns unless Redis has exited meanwhile. False: it cannot now. */
bool look_at_network(void);
/* How many inputs were run so far. */
extern unsigned long inputs_run;

#endif
