/* What the two echo servers do with a socket that may have something for them; they differ in how they wait for it. */
#ifndef BYPASSBENCH_POSIX_ECHO_H
#define BYPASSBENCH_POSIX_ECHO_H

#include <stddef.h>

enum { STREAM_BYTES = 1 << 16 };

/* What was read is written back before more is read, so that a client that reads nothing is not read either. */
struct echo_stream {
	int fd;
	/* What was read and is not written yet: buffer[from, to). */
	size_t from, to;
	char buffer[STREAM_BYTES];
};

enum awaited { READABLE, WRITABLE, ENDED };

struct echo_stream *open_stream(int fd);

/* Reads once, where nothing is left to be written, and writes. ENDED: it was closed, and is there no more. */
enum awaited echo_stream(struct echo_stream *stream);

/* Sends one datagram back to where it came from, if there is one. */
void echo_datagram(int fd);

#endif
