/*
 * One TCP connection between two processes on loopback and no other interface: non-blocking, nothing held
 * back for more to come (TCP_NODELAY), and gone without a trace when either process ends. Or two sockets of
 * UDP that are connected to each other.
 */
#ifndef BYPASSBENCH_FLOOR_LOOPBACK_H
#define BYPASSBENCH_FLOOR_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

/* All of them fail where the kernel refuses. Listens on a port that the kernel chooses. */
int listen_on_loopback(uint32_t *port);

/* Sleeps until a client connects. Returns -1 when a signal asks the process to end before. */
int accept_client(int listener);

int connect_to_server(uint32_t port);

/* A socket of datagrams on a port that the kernel chooses. */
int bind_datagrams(uint32_t *port);

/*
 * Sleeps until a datagram comes, which is not taken, and connects to its sender. Returns false when a signal
 * asks the process to end before.
 */
bool await_sender(int fd);

int connect_datagrams(uint32_t port);

#endif
