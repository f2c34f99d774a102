#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "floor-loopback.h"
#include "floor-side.h"

enum { ACCEPT_LOOK_MS = 100 };

static struct sockaddr_in loopback(uint32_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int open_socket(int type)
{
	int fd = socket(AF_INET, SOCK_CLOEXEC | type, 0);

	if (fd < 0)
		fail("socket: %s", strerror(errno));
	return fd;
}

static void prepare_connection(int fd)
{
	const int on = 1;
	/* A reset, so that no port stays in TIME_WAIT: neither side closes with anything in flight. */
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) != 0)
		fail("setsockopt: %s", strerror(errno));
}

static int bind_to_loopback(int type, uint32_t *port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int fd = open_socket(type | SOCK_NONBLOCK);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		fail("no port of 127.0.0.1 can be bound to: %s", strerror(errno));
	*port = ntohs(address.sin_port);
	return fd;
}

int listen_on_loopback(uint32_t *port)
{
	int fd = bind_to_loopback(SOCK_STREAM, port);

	if (listen(fd, 1) != 0)
		fail("port %u of 127.0.0.1 cannot be listened on: %s", *port, strerror(errno));
	return fd;
}

int accept_client(int listener)
{
	struct pollfd readable = {.fd = listener, .events = POLLIN};

	while (!stopped) {
		/* Whoever connected may have gone again. */
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			prepare_connection(fd);
			return fd;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			fail("accept4: %s", strerror(errno));
		poll(&readable, 1, ACCEPT_LOOK_MS);
	}
	return -1;
}

int connect_to_server(uint32_t port)
{
	const struct sockaddr_in address = loopback(port);
	/* On loopback, connecting blocks no longer than it takes; from then on nothing is to block. */
	int fd = open_socket(SOCK_STREAM);
	const int on = 1;

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		fail("port %u of 127.0.0.1 cannot be connected to: %s", port, strerror(errno));
	prepare_connection(fd);
	if (ioctl(fd, FIONBIO, &on) != 0)
		fail("FIONBIO: %s", strerror(errno));
	return fd;
}

int bind_datagrams(uint32_t *port)
{
	return bind_to_loopback(SOCK_DGRAM, port);
}

bool await_sender(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	while (!stopped) {
		struct sockaddr_in sender;
		socklen_t length = sizeof(sender);
		uint8_t first;

		/* The datagram stays where it is, for whoever receives it. */
		if (recvfrom(fd, &first, sizeof(first), MSG_PEEK, (struct sockaddr *)&sender, &length) >= 0) {
			if (connect(fd, (struct sockaddr *)&sender, length) != 0)
				fail("connect: %s", strerror(errno));
			return true;
		}
		if (errno != EAGAIN && errno != EINTR)
			fail("recvfrom: %s", strerror(errno));
		poll(&readable, 1, ACCEPT_LOOK_MS);
	}
	return false;
}

int connect_datagrams(uint32_t port)
{
	const struct sockaddr_in address = loopback(port);
	int fd = open_socket(SOCK_DGRAM | SOCK_NONBLOCK);

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		fail("port %u of 127.0.0.1 cannot be connected to: %s", port, strerror(errno));
	return fd;
}
