#include <stdlib.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "echo.h"
#include "server.h"

enum { DATAGRAM_BYTES = 1 << 16 };

struct echo_stream *open_stream(int fd)
{
	struct echo_stream *stream = malloc(sizeof(*stream));

	if (stream == NULL)
		fail("there is no memory for a connection");
	stream->fd = fd;
	stream->from = stream->to = 0;
	return stream;
}

static enum awaited end(struct echo_stream *stream)
{
	close(stream->fd);
	free(stream);
	return ENDED;
}

enum awaited echo_stream(struct echo_stream *stream)
{
	if (stream->from == stream->to) {
		const ssize_t got = recv(stream->fd, stream->buffer, STREAM_BYTES, 0);

		if (got < 0 && may_try_again())
			return READABLE;
		if (got <= 0)
			return end(stream);
		stream->from = 0;
		stream->to = (size_t)got;
	}
	const ssize_t sent =
		send(stream->fd, stream->buffer + stream->from, stream->to - stream->from, MSG_NOSIGNAL);

	if (sent < 0 && !may_try_again())
		return end(stream);
	if (sent > 0)
		stream->from += (size_t)sent;
	return stream->from == stream->to ? READABLE : WRITABLE;
}

void echo_datagram(int fd)
{
	static char buffer[DATAGRAM_BYTES];
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	/* An error is one of a datagram that was sent earlier: the socket serves on. */
	const ssize_t got = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&peer, &length);

	if (got >= 0)
		sendto(fd, buffer, (size_t)got, 0, (struct sockaddr *)&peer, length);
}
