/*
 * An echo server as one writes it for Linux: it sleeps in epoll_wait(2) until a socket has something, reads that and
 * writes it back. Over TCP, or with --datagrams over UDP.
 *
 *     posix-echo-epoll [--bind ADDRESS] [--port N] [--datagrams]
 */
#include <stdint.h>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "echo.h"
#include "server.h"

enum { EVENTS = 64 };

/* Of a stream that epoll reports, or with NULL of the socket that the server was asked to serve. */
static void turn(int epoll, int served, bool datagrams, const struct epoll_event *event)
{
	struct echo_stream *stream = event->data.ptr;

	if (stream != NULL) {
		const enum awaited before = event->events & EPOLLOUT ? WRITABLE : READABLE;
		const enum awaited now = echo_stream(stream);

		/* A descriptor that is closed is watched no more. */
		if (now != ENDED && now != before)
			watch(epoll, EPOLL_CTL_MOD, stream->fd, now == WRITABLE ? EPOLLOUT : EPOLLIN, stream);
	} else if (datagrams) {
		echo_datagram(served);
	} else {
		const int fd = accept_connection(served);

		if (fd >= 0)
			watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, open_stream(fd));
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	bool datagrams = false;
	const int served = serve_as_asked(argc, argv, SOCK_STREAM, &datagrams);
	const int epoll = open_epoll(served);

	say_ready(served);
	while (!stopped) {
		const int count = epoll_wait(epoll, events, EVENTS, SLEEP_MS);

		for (int i = 0; i < count; i++)
			turn(epoll, served, datagrams, &events[i]);
	}
	return 0;
}
