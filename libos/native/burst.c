/*
 * What a foreign-function interface cannot call of DPDK: the inline functions of bursts and packet buffers.
 * One call, port_exchange, moves a whole burst both ways.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf_dyn.h>

#include "checksum.h"
#include "port.h"

/* Leaves the checksum of TCP or UDP to the NIC, and that of IPv4 where it takes that as well. */
static void fill_checksums(struct port *port, struct rte_mbuf *mbuf, const struct packet *packet)
{
	uint8_t *field = port->fills_in_hardware ? packet_field(packet) : NULL;
	uint16_t pseudo_sum;

	if (field == NULL) {
		packet_fill(packet);
		return;
	}
	pseudo_sum = packet_pseudo_sum(packet);
	memcpy(field, &pseudo_sum, 2);
	mbuf->l2_len = RTE_ETHER_HDR_LEN;
	mbuf->l3_len = packet->header_length;
	mbuf->ol_flags = RTE_MBUF_F_TX_IPV4;
	mbuf->ol_flags |= packet->protocol == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (port->fills_header_in_hardware) {
		mbuf->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
		memset(packet->ip + 10, 0, 2);
	} else {
		packet_fill_header(packet);
	}
	port->area->counters[COUNT_tx_hardware_checksum]++;
}

/* Turns what was queued into packet buffers that are ready to go. */
static void take_queued(struct port *port)
{
	struct area *area = port->area;
	const struct piece *piece = area->pieces;

	for (int i = 0; i < area->queued; i++) {
		const struct tx_descriptor *frame = &area->tx[i];
		const struct piece *end = area->pieces + frame->pieces_end;
		struct rte_mbuf *mbuf = port->mbufs[frame->buffer];
		uint32_t length = frame_gather(port->pool_base, port->frame_limit, frame, piece, end);
		struct packet packet;

		piece = end;
		rte_pktmbuf_reset(mbuf);
		if (length == 0 || port->pending_count == MAX_PENDING) {
			area->counters[length == 0 ? COUNT_tx_dropped_oversize
						   : COUNT_tx_dropped_queue_full]++;
			rte_pktmbuf_free(mbuf);
			continue;
		}
		mbuf->data_off = (uint16_t)(frame->offset - area->base_of[frame->buffer]);
		mbuf->data_len = (uint16_t)length;
		mbuf->pkt_len = length;
		if (packet_find(port->pool_base + frame->offset, length, &packet))
			fill_checksums(port, mbuf, &packet);
		port->pending[port->pending_count++] = mbuf;
	}
	area->queued = 0;
}

/* On the inside of the gate. */
static void transmit_pending(struct port *port)
{
	struct area *area = port->area;
	struct device_times *times = port->device_times;
	int count = port->pending_count;
	double bytes = 0;
	int sent;

	if (count == 0)
		return;
	/* A driver frees what it sends, so lengths are summed before; what stays is taken off again. */
	for (int i = 0; i < count; i++)
		bytes += port->pending[i]->pkt_len;
	if (wanted(times))
		times->handed_enter = counter_now();
	sent = rte_eth_tx_burst(port->id, 0, port->pending, (uint16_t)count);
	if (wanted(times))
		times->handed_leave = counter_now();
	if (unlikely(sent < count)) {
		for (int i = sent; i < count; i++)
			bytes -= port->pending[i]->pkt_len;
		memmove(port->pending, port->pending + sent,
			(size_t)(count - sent) * sizeof(port->pending[0]));
		area->counters[COUNT_tx_ring_full]++;
	}
	area->counters[COUNT_tx_frames] += sent;
	area->counters[COUNT_tx_bytes] += bytes;
	port->pending_count = count - sent;
	area->pending = port->pending_count;
}

/*
 * Whether the NIC has found TCP's or UDP's checksum right. "None" is the word for data that is right, with a checksum
 * that was never filled in, as between two guests of a hypervisor; that it was not filled in can be seen.
 */
static bool hardware_vouches(const struct port *port, const struct rte_mbuf *mbuf, const struct packet *packet)
{
	uint64_t l4 = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (!port->checks_in_hardware)
		return false;
	return l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	       (l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE && packet_is_partial(packet));
}

static enum checksum_status verify(struct port *port, const struct rte_mbuf *mbuf, uint8_t *frame)
{
	uint64_t header = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	struct packet packet;

	if (!packet_find(frame, mbuf->data_len, &packet))
		return CHECKSUM_UNCHECKED;
	if (hardware_vouches(port, mbuf, &packet)) {
		port->area->counters[COUNT_rx_hardware_checksum]++;
		return header == RTE_MBUF_F_RX_IP_CKSUM_GOOD ? CHECKSUM_GOOD : packet_verify_header(&packet);
	}
	/* What hardware calls bad or does not know is looked at here: its errors are of many kinds. */
	return packet_status(&packet, port->flags & PARTIAL_CHECKSUMS,
			     &port->area->counters[COUNT_rx_partial_checksum]);
}

/* Whether the frame can be handed over; otherwise it is counted and gone. */
static bool acceptable(struct port *port, struct rte_mbuf *mbuf)
{
	double *counters = port->area->counters;

	if (likely(mbuf->nb_segs == 1 && mbuf->pkt_len <= port->frame_limit &&
		   mbuf->pkt_len >= RTE_ETHER_HDR_LEN))
		return true;
	if (mbuf->pkt_len <= port->frame_limit && mbuf->pkt_len >= RTE_ETHER_HDR_LEN &&
	    rte_pktmbuf_linearize(mbuf) == 0)
		return true;
	counters[mbuf->pkt_len < RTE_ETHER_HDR_LEN ? COUNT_rx_dropped_runt : COUNT_rx_dropped_oversize]++;
	rte_pktmbuf_free(mbuf);
	return false;
}

static int describe_received(struct port *port, struct rte_mbuf **mbufs, int count)
{
	struct area *area = port->area;
	double bytes = 0;
	int kept = 0;

	for (int i = 0; i < count; i++) {
		struct rte_mbuf *mbuf = mbufs[i];
		uint8_t *frame;

		if (!acceptable(port, mbuf))
			continue;
		frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
		area->rx_buffer[kept] = *RTE_MBUF_DYNFIELD(mbuf, port->index_at, int32_t *);
		area->rx_offset[kept] = (int32_t)(frame - port->pool_base);
		area->rx_length[kept] = mbuf->data_len;
		area->rx_checksum[kept] = verify(port, mbuf, frame);
		area->counters[COUNT_rx_bad_checksum] += area->rx_checksum[kept] == CHECKSUM_BAD;
		bytes += mbuf->data_len;
		kept++;
	}
	area->counters[COUNT_rx_frames] += kept;
	area->counters[COUNT_rx_bytes] += bytes;
	return kept;
}

void lend_buffers(struct port *port)
{
	struct area *area = port->area;
	struct rte_mbuf *lent[FREE_TARGET];
	int count = area->free_count;
	int wanted = FREE_TARGET - count;

	if (rte_pktmbuf_alloc_bulk(port->pool, lent, (unsigned int)wanted) != 0) {
		/* All or nothing. From a nearly empty pool a few, for acknowledgements that empty it less. */
		wanted = FREE_FEW;
		if (count >= FREE_FEW || rte_pktmbuf_alloc_bulk(port->pool, lent, FREE_FEW) != 0) {
			area->counters[COUNT_pool_exhausted] += count == 0;
			return;
		}
	}
	for (int i = 0; i < wanted; i++)
		port->free[count + i] = *RTE_MBUF_DYNFIELD(lent[i], port->index_at, int32_t *);
	area->free_count = count + wanted;
}

/* Takes back surplus buffers of the other side, from the bottom of the stack: its top is in the cache. */
static void take_back(struct port *port)
{
	struct rte_mbuf *taken[FREE_TARGET];
	int surplus = port->area->free_count - FREE_TARGET;

	for (int start = 0; start < surplus; start += FREE_TARGET) {
		int count = RTE_MIN(surplus - start, FREE_TARGET);

		for (int i = 0; i < count; i++) {
			taken[i] = port->mbufs[port->free[start + i]];
			rte_pktmbuf_reset(taken[i]);
		}
		rte_pktmbuf_free_bulk(taken, (unsigned int)count);
	}
	memmove(port->free, port->free + surplus, FREE_TARGET * sizeof(port->free[0]));
	port->area->free_count = FREE_TARGET;
}

int receive_burst(struct port *port, struct rte_mbuf **received)
{
	struct device_times *times = port->device_times;
	uint64_t enter;
	int count;

	if (!wanted(times))
		return rte_eth_rx_burst(port->id, 0, received, MAX_BURST);
	enter = counter_now();
	look_at_window(times, enter);
	count = rte_eth_rx_burst(port->id, 0, received, MAX_BURST);
	if (count > 0) {
		times->delivered_enter = enter;
		times->delivered_leave = counter_now();
	}
	return count;
}

/* What came as the thread went to sleep. */
static int take_early(struct port *port, struct rte_mbuf **received)
{
	int count = port->early_count;

	memcpy(received, port->early, (size_t)count * sizeof(received[0]));
	port->early_count = 0;
	return count;
}

/* Transmits what was queued and receives what has come. Returns the number of frames received. */
int port_exchange(int number)
{
	struct port *port = &ports[number];
	struct area *area = port->area;
	struct rte_mbuf *received[MAX_BURST];
	int count = 0;
	uint64_t now;

	if (area->queued > 0)
		take_queued(port);
	if (area->free_count < FREE_LOW)
		lend_buffers(port);
	else if (area->free_count > FREE_HIGH)
		take_back(port);
	if (likely(port->started) && gate_enter(number)) {
		transmit_pending(port);
		count = unlikely(port->early_count > 0) ? take_early(port, received)
						       : receive_burst(port, received);
		gate_leave(number);
	}
	now = rte_rdtsc();
	area->now_us = (double)now * port->us_per_cycle;
	if (unlikely(now >= port->look_at ||
		     port->passages != atomic_load_explicit(&gate_passages, memory_order_relaxed)))
		look_at_link(port, now);
	return count > 0 ? describe_received(port, received, count) : 0;
}

/* Makes room among the queued frames before the next exchange. */
void port_flush(int number)
{
	struct port *port = &ports[number];

	take_queued(port);
	if (port->started && gate_enter(number)) {
		transmit_pending(port);
		gate_leave(number);
	}
}
