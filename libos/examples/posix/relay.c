/*
 * A UDP relay as one writes it for Linux: it sleeps in epoll_wait(2), and forwards what comes from one socket to
 * another with recvfrom(2) and sendto(2). A datagram of two bytes, a port in network order, registers its sender for
 * what comes from that port of the same host, and comes back as the acknowledgement. What nobody has registered for
 * is dropped.
 *
 *     posix-relay [--bind ADDRESS] [--port N]
 */
#include <string.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "server.h"

enum { DATAGRAM_BYTES = 1 << 16, REGISTRATION_BYTES = 2, PORTS = 1 << 16 };

/* Who gets what comes from a port, and from which host: by the port in network order. Port 0: nobody. */
static struct sockaddr_in sinks[PORTS];
static uint8_t buffer[DATAGRAM_BYTES];

/* The socket that a datagram goes on to, or NULL. */
static const struct sockaddr_in *sink_of(const struct sockaddr_in *peer, ssize_t bytes)
{
	if (bytes == REGISTRATION_BYTES) {
		uint16_t port;

		memcpy(&port, buffer, REGISTRATION_BYTES);
		sinks[port] = *peer;
		return peer;
	}
	const struct sockaddr_in *sink = &sinks[peer->sin_port];

	return sink->sin_port != 0 && sink->sin_addr.s_addr == peer->sin_addr.s_addr ? sink : NULL;
}

static void forward(int fd)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	/* An error is one of a datagram that was sent earlier: the socket serves on. */
	const ssize_t got = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&peer, &length);

	if (got < 0)
		return;
	const struct sockaddr_in *sink = sink_of(&peer, got);

	if (sink != NULL)
		sendto(fd, buffer, (size_t)got, 0, (const struct sockaddr *)sink, sizeof(*sink));
}

int main(int argc, char **argv)
{
	struct epoll_event event;
	const int fd = serve_as_asked(argc, argv, SOCK_DGRAM, NULL);
	const int epoll = open_epoll(fd);

	say_ready(fd);
	while (!stopped) {
		if (epoll_wait(epoll, &event, 1, SLEEP_MS) > 0)
			forward(fd);
	}
	return 0;
}
