/*
 * What the POSIX servers here share beside their loops: their command line, the socket that they serve at, the line
 * that says that they are ready, and that SIGTERM and SIGINT end them. Nothing of the libOS is in them.
 */
#ifndef BYPASSBENCH_POSIX_SERVER_H
#define BYPASSBENCH_POSIX_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether a signal has asked the process to end. */
extern volatile sig_atomic_t stopped;

/* Says it on standard error and exits with code 1. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/*
 * Reads `NAME [--bind ADDRESS] [--port N] [--datagrams]`, of which the last is allowed where `datagrams` is not null,
 * and returns the non-blocking socket that it asks for, of `type` (SOCK_STREAM, which listens, or SOCK_DGRAM) or of
 * datagrams. Fails where the kernel refuses. From then on a signal sets `stopped`, and interrupts a call that waits.
 */
int serve_as_asked(int argc, char **argv, int type, bool *datagrams);

/* Prints the line of JSON that says that the server is ready, and where. */
void say_ready(int fd);

/* The next connection of a listening socket, non-blocking, without Nagle's algorithm; -1 where there is none now. */
int accept_connection(int listener);

/*
 * Of who waits with epoll: makes one that watches the socket `served`, with NULL, and watches another. Both fail where
 * the kernel refuses.
 */
int open_epoll(int served);
void watch(int epoll, int operation, int fd, uint32_t events, void *what);

/* How long to sleep at most: a signal may come just before that. */
enum { SLEEP_MS = 1000 };

/* Whether a call that has just returned -1 may be made again later: nothing is wrong with its socket. */
bool may_try_again(void);

#endif
