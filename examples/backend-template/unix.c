/*
 * Records over Unix sockets, for the backend "unix": all that it asks of the kernel. The functions take and return
 * integers, since such calls cost the least from JavaScript, and leave the reason of a failure in errno.
 *
 * A Unix socket does not tell a peer that has closed from one that was killed, but a stream must: else half of a
 * message would pass for a whole one. So every record has a byte in front. A record with nothing behind that byte is
 * the end of the stream, and a socket that ends without it was reset. SOCK_SEQPACKET keeps records whole.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* In front of every record. Who sends another one speaks something else. */
#define MARK 0xb1
/* What all names begin with. */
#define OURS "bypassbench/"

/*
 * Where a port is: a name in the abstract namespace, which is no file and goes with the socket that has it. `network`
 * has 80 bytes at most (index.ts), so that all of it fits.
 */
static socklen_t name_of(struct sockaddr_un *name, const char *network, int port)
{
	char *text = name->sun_path + 1;
	int length;

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	length = snprintf(text, sizeof(name->sun_path) - 1, OURS "%s:%d", network, port);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

/*
 * Has the watcher wake whoever waits when something comes, or when there is room to send again. Edges: what was there
 * before the wait wakes nobody, since a poll has looked at it.
 */
static int watched(int watcher, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int error;

	if (fd < 0 || epoll_ctl(watcher, EPOLL_CTL_ADD, fd, &event) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int unix_watcher(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

/* Sleeps until the watcher has something to tell, or the time is over. */
void unix_wait(int watcher, int timeout_ms)
{
	struct epoll_event events[64];

	epoll_wait(watcher, events, 64, timeout_ms);
}

/* A socket, or -1. */
int unix_open(int watcher)
{
	return watched(watcher, socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int unix_bind(int fd, const char *network, int port)
{
	struct sockaddr_un name;
	socklen_t length = name_of(&name, network, port);

	return bind(fd, (struct sockaddr *)&name, length);
}

int unix_listen(int fd, int backlog)
{
	return listen(fd, backlog);
}

/* EAGAIN while as many connections wait as the listener allows. */
int unix_connect(int fd, const char *network, int port)
{
	struct sockaddr_un name;
	socklen_t length = name_of(&name, network, port);

	return connect(fd, (struct sockaddr *)&name, length);
}

/* The socket of the next connection, or -1. */
int unix_accept(int fd, int watcher)
{
	return watched(watcher, accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/* The port of the other end; 0 where that is none of ours. */
int unix_peer_port(int fd)
{
	/* A name may fill all of its place: the byte behind it ends it. */
	struct { struct sockaddr_un name; char end; } peer = { 0 };
	const char *text = peer.name.sun_path + 1;
	socklen_t length = sizeof(peer.name);
	const char *colon;
	long port;

	if (getpeername(fd, (struct sockaddr *)&peer.name, &length) < 0 || strncmp(text, OURS, strlen(OURS)) != 0)
		return 0;
	colon = strrchr(text, ':');
	port = colon == NULL ? 0 : strtol(colon + 1, NULL, 10);
	return port > 0 && port <= UINT16_MAX ? (int)port : 0;
}

/* Sends one record, whole or not at all; of no bytes, the end of the stream. EAGAIN where there is no room. */
int unix_send(int fd, uintptr_t bytes, size_t length)
{
	uint8_t mark = MARK;
	struct iovec parts[] = { { &mark, 1 }, { (void *)bytes, length } };
	struct msghdr record = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &record, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Bytes of the next record, 0 at the end of the stream, or -1: ECONNRESET where it ended and nobody said so. */
int unix_receive(int fd, uintptr_t buffer, size_t capacity)
{
	uint8_t mark = 0;
	struct iovec parts[] = { { &mark, 1 }, { (void *)buffer, capacity } };
	struct msghdr record = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t received = recvmsg(fd, &record, MSG_DONTWAIT);

	if (received > 0 && mark == MARK && (record.msg_flags & MSG_TRUNC) == 0)
		return (int)received - 1;
	if (received >= 0)
		errno = received == 0 ? ECONNRESET : EPROTO;
	return -1;
}

/* Takes nothing more from the peer. Returns whether there was data that nobody has read. */
int unix_stop_receiving(int fd)
{
	uint8_t start[2];
	int unread = 0;

	shutdown(fd, SHUT_RD);
	for (ssize_t bytes; (bytes = recv(fd, start, 2, MSG_DONTWAIT)) > 0;)
		unread |= bytes > 1;
	return unread;
}

/* The peer finds an end that nobody has announced, whoever else has this socket open. */
void unix_reset(int fd)
{
	shutdown(fd, SHUT_RDWR);
}

void unix_close(int fd)
{
	close(fd);
}
