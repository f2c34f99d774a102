/* Messages of libfabric, whose calls are inline functions: one call here moves a burst both ways. */
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include <rdma/fi_errno.h>

#include "fabric.h"

static void finish(struct endpoint *endpoint, int send, int error)
{
	struct area *area = endpoint->area;
	int at = area->finished++;

	area->finished_send[at] = send;
	area->finished_error[at] = error;
	area->counters[COUNT_tx_errors] += error != 0;
}

/* Gives the device what it takes of the receives; the others stay in front. */
static void post_receives(struct endpoint *endpoint)
{
	struct area *area = endpoint->area;
	int posted = 0;

	watch_in(endpoint->watch, "fi_recv");
	for (; posted < area->to_post; posted++) {
		struct receive *receive = &endpoint->receives[area->post[posted]];
		ssize_t result = fi_recv(endpoint->ep, receive->bytes, endpoint->receive_bytes,
					 receive->descriptor, FI_ADDR_UNSPEC, &receive->context);

		if (result != 0)
			break;
	}
	area->posted += posted;
	area->to_post -= posted;
	if (area->to_post > 0)
		memmove(area->post, area->post + posted, (size_t)area->to_post * sizeof(area->post[0]));
}

static size_t payload_length(const struct send_descriptor *message)
{
	size_t length = 0;

	for (int i = 0; i < message->piece_count; i++)
		length += (size_t)message->pieces[i].length;
	return length;
}

static ssize_t inject(struct endpoint *endpoint, const struct send_descriptor *message)
{
	uint8_t *end = endpoint->staging + HEADER_BYTES;

	memcpy(endpoint->staging, message->header, HEADER_BYTES);
	for (int i = 0; i < message->piece_count; i++) {
		const struct piece *piece = &message->pieces[i];

		memcpy(end, (const void *)(uintptr_t)piece->address, (size_t)piece->length);
		end += piece->length;
	}
	return fi_inject(endpoint->ep, endpoint->staging, (size_t)(end - endpoint->staging),
			 endpoint->peers[message->peer]);
}

static ssize_t send_gathered(struct endpoint *endpoint, const struct send_descriptor *message)
{
	struct send *send = &endpoint->sends[message->send];
	struct iovec parts[1 + MAX_PIECES] = {{.iov_base = send->header, .iov_len = HEADER_BYTES}};
	void *descriptors[1 + MAX_PIECES] = {endpoint->sends_descriptor};
	struct fi_msg msg = {
		.msg_iov = parts,
		.desc = descriptors,
		.iov_count = 1 + (size_t)message->piece_count,
		.addr = endpoint->peers[message->peer],
		.context = &send->context,
	};

	memcpy(send->header, message->header, HEADER_BYTES);
	for (int i = 0; i < message->piece_count; i++) {
		const struct piece *piece = &message->pieces[i];

		parts[1 + i].iov_base = (void *)(uintptr_t)piece->address;
		parts[1 + i].iov_len = (size_t)piece->length;
		if (endpoint->slabs[piece->slab] != NULL)
			descriptors[1 + i] = fi_mr_desc(endpoint->slabs[piece->slab]);
	}
	return fi_sendmsg(endpoint->ep, &msg,
			  FI_COMPLETION | (message->flags & DELIVERED ? FI_DELIVERY_COMPLETE : 0));
}

/*
 * Sends in the order of the queue, to each peer. Where the provider takes no more for one, the others'
 * messages go on: a peer that makes no progress holds up nobody else.
 */
static void send_queued(struct endpoint *endpoint)
{
	struct area *area = endpoint->area;
	int kept = 0;

	watch_in(endpoint->watch, "fi_sendmsg");
	endpoint->round++;
	for (int i = 0; i < area->queued; i++) {
		struct send_descriptor *message = &area->tx[i];
		uint32_t *blocked_in = &endpoint->blocked_in[message->peer];
		size_t length = payload_length(message);
		bool injected =
			!(message->flags & DELIVERED) && HEADER_BYTES + length <= (size_t)area->inject_bytes;
		ssize_t result = -FI_EAGAIN;

		if (message->flags & DROPPED || !endpoint->peer_known[message->peer]) {
			finish(endpoint, message->send, FI_ECANCELED);
			continue;
		}
		if (*blocked_in != endpoint->round)
			result = injected ? inject(endpoint, message) : send_gathered(endpoint, message);
		if (result == -FI_EAGAIN) {
			*blocked_in = endpoint->round;
			if (kept != i)
				area->tx[kept] = *message;
			kept++;
			continue;
		}
		area->counters[COUNT_tx_messages]++;
		area->counters[COUNT_tx_bytes] += (double)length;
		area->counters[COUNT_tx_injected] += injected;
		if (injected || result != 0)
			finish(endpoint, message->send, (int)-result);
	}
	area->counters[COUNT_tx_again] += kept;
	area->queued = kept;
}

static bool is_send(const struct endpoint *endpoint, const void *context)
{
	return (const uint8_t *)context >= (const uint8_t *)endpoint->sends &&
	       (const uint8_t *)context < (const uint8_t *)(endpoint->sends + MAX_SENDS);
}

static int number_of_send(const struct endpoint *endpoint, const void *context)
{
	return (int)((const struct send *)context - endpoint->sends);
}

static void describe_received(struct endpoint *endpoint, const struct receive *receive, size_t length, int at)
{
	struct area *area = endpoint->area;

	area->posted--;
	area->rx_buffer[at] = (int32_t)(receive - endpoint->receives);
	area->rx_length[at] = length > INT32_MAX ? INT32_MAX : (int32_t)length;
	memcpy(&area->rx_header[at * HEADER_WORDS], receive->bytes, HEADER_BYTES);
	area->counters[COUNT_rx_messages]++;
	area->counters[COUNT_rx_bytes] += (double)length;
}

/* One error at the head of the completion queue. Returns how many messages it says were received, damaged. */
static int read_error(struct endpoint *endpoint)
{
	struct fi_cq_err_entry error = {0};

	if (fi_cq_readerr(endpoint->cq, &error, 0) < 1)
		return 0;
	if (is_send(endpoint, error.op_context)) {
		finish(endpoint, number_of_send(endpoint, error.op_context),
		       error.err > 0 ? error.err : FI_EIO);
		return 0;
	}
	if (error.op_context == NULL)
		return 0;
	endpoint->area->counters[COUNT_rx_errors]++;
	/* Of a message that was too long for its buffer the header is there, and says who sent it. */
	if (error.err == FI_ETRUNC) {
		describe_received(endpoint, error.op_context, INT32_MAX, 0);
		return 1;
	}
	/* Of another one nothing is, as when its sender has died before all of it was fetched. */
	describe_received(endpoint, error.op_context, 0, 0);
	memset(endpoint->area->rx_header, 0, HEADER_BYTES);
	if (endpoint->leaves)
		lose_for_error(endpoint, error.err);
	return 1;
}

static int read_completions(struct endpoint *endpoint)
{
	struct fi_cq_msg_entry entries[MAX_BURST];
	ssize_t count;
	int received = 0;

	watch_in(endpoint->watch, "fi_cq_read");
	count = fi_cq_read(endpoint->cq, entries, MAX_BURST);
	if (count == -FI_EAGAIN)
		return 0;
	if (count < 0)
		return count == -FI_EAVAIL ? read_error(endpoint) : 0;
	for (ssize_t i = 0; i < count; i++) {
		void *context = entries[i].op_context;

		if (is_send(endpoint, context))
			finish(endpoint, number_of_send(endpoint, context), 0);
		else if (context != NULL)
			describe_received(endpoint, context, entries[i].len, received++);
	}
	return received;
}

static int read_completions_timed(struct endpoint *endpoint, struct device_times *times)
{
	uint64_t enter = counter_now();
	int count = read_completions(endpoint);

	look_at_window(times, enter);
	if (count > 0) {
		times->delivered_enter = enter;
		times->delivered_leave = counter_now();
	}
	return count;
}

void read_clock(struct endpoint *endpoint)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	endpoint->area->now_us = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

__attribute__((noinline)) static void flush(struct endpoint *endpoint)
{
	if (endpoint->area->to_post > 0)
		post_receives(endpoint);
	if (endpoint->area->queued > 0 && endpoint->area->to_post == 0) {
		struct device_times *times = endpoint->device_times;

		if (wanted(times))
			times->handed_enter = counter_now();
		send_queued(endpoint);
		if (wanted(times))
			times->handed_leave = counter_now();
	}
}

/* Not a part of its caller, whose registers sigsetjmp binds. */
__attribute__((noinline)) static int exchange(struct endpoint *endpoint)
{
	flush(endpoint);
	if (wanted(endpoint->device_times))
		return read_completions_timed(endpoint, endpoint->device_times);
	return read_completions(endpoint);
}

/*
 * Posts the receives that wait for it and sends what is queued. A message that tells the peer of a receive is
 * behind it, and goes only when all that was to be posted is: no credit is out without its receive.
 */
EXPORT void fabric_flush(int number)
{
	struct endpoint *endpoint = endpoints[number];

	if (endpoint->area->lost)
		return;
	if (endpoint->leaves && sigsetjmp(endpoint->watch->out, 0) != 0) {
		lose(endpoints[number]);
		return;
	}
	watch_enter(endpoint->watch, "fi_sendmsg", endpoint->peer_process, endpoint->leaves);
	flush(endpoint);
	watch_leave(endpoint->watch);
}

/* The same, and then reads completions. Returns the number of messages received. */
EXPORT int fabric_exchange(int number)
{
	struct endpoint *endpoint = endpoints[number];
	int count;

	if (endpoint->exchanges++ % EXCHANGES_PER_READING == 0)
		read_clock(endpoint);
	if (endpoint->area->lost)
		return 0;
	if (endpoint->leaves && sigsetjmp(endpoint->watch->out, 0) != 0)
		return lose(endpoints[number]);
	watch_enter(endpoint->watch, "fi_cq_read", endpoint->peer_process, endpoint->leaves);
	count = exchange(endpoint);
	watch_leave(endpoint->watch);
	return count;
}
