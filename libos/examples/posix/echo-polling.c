/*
 * An echo server that never sleeps: it asks its sockets in turn whether they have something, by calls that do not
 * block. So it spares what waking up takes, and uses a core all the time. Over TCP, or with --datagrams over UDP.
 *
 *     posix-echo-polling [--bind ADDRESS] [--port N] [--datagrams]
 */
#include <sys/socket.h>

#include "echo.h"
#include "server.h"

enum {
	STREAMS_MAX = 4096,
	/* Looks at the streams between two at who wants to connect: each is a system call too. */
	ROUNDS_PER_ACCEPT = 256,
};

static struct echo_stream *streams[STREAMS_MAX];
static int count;

static void look_at_streams(void)
{
	for (int i = 0; i < count; i++) {
		if (echo_stream(streams[i]) == ENDED)
			streams[i--] = streams[--count];
	}
}

int main(int argc, char **argv)
{
	bool datagrams = false;
	const int served = serve_as_asked(argc, argv, SOCK_STREAM, &datagrams);

	say_ready(served);
	for (unsigned int round = 0; !stopped; round++) {
		if (datagrams) {
			echo_datagram(served);
			continue;
		}
		look_at_streams();
		if (count == STREAMS_MAX || (count > 0 && round % ROUNDS_PER_ACCEPT != 0))
			continue;
		const int fd = accept_connection(served);

		if (fd >= 0)
			streams[count++] = open_stream(fd);
	}
	return 0;
}
