/*
 * A sink as one writes it for Linux: it takes messages over TCP, sleeping in epoll_wait(2) while there are none, and
 * answers each with its length. A message is its length, four bytes in network order, and so many bytes; the answer
 * is these four bytes.
 *
 *     posix-sink [--bind ADDRESS] [--port N]
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "server.h"

enum { EVENTS = 64, READ_BYTES = 1 << 16, LENGTH_BYTES = 4 };

struct stream {
	int fd;
	/* Of the message that comes: bytes of its length so far, the length by them, and bytes of its body to come. */
	uint32_t length_bytes, length, left;
	/* Answers that are not sent yet: what one read brings makes no more. */
	size_t from, to;
	char answers[READ_BYTES + LENGTH_BYTES];
};

static char buffer[READ_BYTES];

static void answer(struct stream *stream)
{
	const uint32_t length = htonl(stream->length);

	memcpy(stream->answers + stream->to, &length, LENGTH_BYTES);
	stream->to += LENGTH_BYTES;
	stream->length_bytes = stream->length = 0;
}

/* Takes what was read, and notes the answers to the messages that end in it. */
static void take(struct stream *stream, size_t got)
{
	for (size_t at = 0; at < got;) {
		if (stream->length_bytes < LENGTH_BYTES) {
			stream->length = stream->length << 8 | (uint8_t)buffer[at++];
			if (++stream->length_bytes == LENGTH_BYTES)
				stream->left = stream->length;
		} else {
			const size_t part = stream->left < got - at ? stream->left : got - at;

			stream->left -= (uint32_t)part;
			at += part;
		}
		if (stream->length_bytes == LENGTH_BYTES && stream->left == 0)
			answer(stream);
	}
}

/* Reads once, where no answer is left to be sent, and sends them. Returns false when the stream has ended. */
static bool turn(struct stream *stream)
{
	if (stream->from == stream->to) {
		const ssize_t got = recv(stream->fd, buffer, READ_BYTES, 0);

		if (got <= 0)
			return got < 0 && may_try_again();
		stream->from = stream->to = 0;
		take(stream, (size_t)got);
		if (stream->to == 0)
			return true;
	}
	const ssize_t sent =
		send(stream->fd, stream->answers + stream->from, stream->to - stream->from, MSG_NOSIGNAL);

	if (sent > 0)
		stream->from += (size_t)sent;
	return sent > 0 || may_try_again();
}

static void accept_stream(int epoll, int listener)
{
	const int fd = accept_connection(listener);

	if (fd < 0)
		return;
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		fail("there is no memory for a connection");
	stream->fd = fd;
	watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, stream);
}

static void serve(int epoll, const struct epoll_event *event)
{
	struct stream *stream = event->data.ptr;
	const uint32_t before = event->events & EPOLLOUT ? EPOLLOUT : EPOLLIN;

	if (!turn(stream)) {
		close(stream->fd);
		free(stream);
		return;
	}
	const uint32_t now = stream->from == stream->to ? EPOLLIN : EPOLLOUT;

	if (now != before)
		watch(epoll, EPOLL_CTL_MOD, stream->fd, now, stream);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	const int listener = serve_as_asked(argc, argv, SOCK_STREAM, NULL);
	const int epoll = open_epoll(listener);

	say_ready(listener);
	while (!stopped) {
		const int count = epoll_wait(epoll, events, EVENTS, SLEEP_MS);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == NULL)
				accept_stream(epoll, listener);
			else
				serve(epoll, &events[i]);
		}
	}
	return 0;
}
