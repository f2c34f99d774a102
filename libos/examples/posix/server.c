#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "server.h"

enum { BACKLOG = 511 };

volatile sig_atomic_t stopped;

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void end_when_told(void)
{
	/* Without SA_RESTART: epoll_wait returns. */
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static uint16_t port_of(const char *text)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value > UINT16_MAX)
		fail("--port %s: wanted a port from 0 to 65535, 0 for any free one", text);
	return (uint16_t)value;
}

int serve_as_asked(int argc, char **argv, int type, bool *datagrams)
{
	static const struct option options[] = {
		{"bind", required_argument, NULL, 'b'},
		{"port", required_argument, NULL, 'p'},
		{"datagrams", no_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'b' && inet_pton(AF_INET, optarg, &address.sin_addr) != 1)
			fail("--bind %s: wanted an IPv4 address, such as 127.0.0.1, or 0.0.0.0 for all", optarg);
		else if (option == 'p')
			address.sin_port = htons(port_of(optarg));
		else if (option == 'd' && datagrams != NULL)
			*datagrams = true;
		else if (option != 'b')
			fail("usage: %s [--bind ADDRESS] [--port N]%s", argv[0],
			     datagrams == NULL ? "" : " [--datagrams]");
	}
	if (optind < argc)
		fail("%s: there is no argument '%s'", argv[0], argv[optind]);
	if (datagrams != NULL && *datagrams)
		type = SOCK_DGRAM;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket: %s", strerror(errno));
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) != 0))
		fail("port %u of %s cannot be served: %s", ntohs(address.sin_port),
		     inet_ntoa(address.sin_addr), strerror(errno));
	end_when_told();
	return fd;
}

void say_ready(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		fail("getsockname: %s", strerror(errno));
	printf("{\"ready\":true,\"address\":\"%s\",\"port\":%u,\"pid\":%d}\n", inet_ntoa(address.sin_addr),
	       ntohs(address.sin_port), getpid());
	fflush(stdout);
}

int accept_connection(int listener)
{
	const int on = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Whoever connected may have gone again, and there may be no descriptor left until another one is closed. */
	else if (errno != ECONNABORTED && errno != EMFILE && errno != ENFILE && !may_try_again())
		fail("accept4: %s", strerror(errno));
	return fd;
}

int open_epoll(int served)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0)
		fail("epoll_create1: %s", strerror(errno));
	watch(epoll, EPOLL_CTL_ADD, served, EPOLLIN, NULL);
	return epoll;
}

void watch(int epoll, int operation, int fd, uint32_t events, void *what)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	if (epoll_ctl(epoll, operation, fd, &event) != 0)
		fail("epoll_ctl: %s", strerror(errno));
}

bool may_try_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}
