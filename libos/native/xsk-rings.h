/*
 * The four rings of an XDP socket in memory that the kernel shares (Documentation/networking/af_xdp.rst). Of each, one
 * side moves the producer and the other the consumer; both only grow, and wrap at 2^32.
 *
 *     fill         free chunks to receive into      here -> kernel
 *     rx           frames that came                 kernel -> here
 *     tx           frames to send                   here -> kernel
 *     completion   chunks of what was sent          kernel -> here
 */
#ifndef BYPASSBENCH_XSK_RINGS_H
#define BYPASSBENCH_XSK_RINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/if_xdp.h>

struct xsk_ring {
	_Atomic uint32_t *producer, *consumer, *flags;
	void *entries;
	uint32_t size;
	/* How far this side has come. */
	uint32_t own;
	void *mapping;
	size_t mapping_bytes;
};

struct xsk_rings {
	struct xsk_ring fill, rx, tx, completion;
};

/* A ring that is filled here: entries that the kernel has not taken. */
static inline uint32_t ring_waiting(const struct xsk_ring *ring)
{
	return ring->own - atomic_load_explicit(ring->consumer, memory_order_acquire);
}

/* A ring that is emptied here: entries that are there. */
static inline uint32_t ring_there(const struct xsk_ring *ring)
{
	return atomic_load_explicit(ring->producer, memory_order_acquire) - ring->own;
}

/* The kernel may take what was written before `own`. */
static inline void ring_publish(struct xsk_ring *ring)
{
	atomic_store_explicit(ring->producer, ring->own, memory_order_release);
}

/* The kernel may write again to what lies before `own`. */
static inline void ring_release(struct xsk_ring *ring)
{
	atomic_store_explicit(ring->consumer, ring->own, memory_order_release);
}

/* The kernel does nothing with the ring until it is asked by a system call. */
static inline bool ring_wants_wakeup(const struct xsk_ring *ring)
{
	return atomic_load_explicit(ring->flags, memory_order_relaxed) & XDP_RING_NEED_WAKEUP;
}

static inline uint64_t *ring_address(const struct xsk_ring *ring, uint32_t at)
{
	return (uint64_t *)ring->entries + (at & (ring->size - 1));
}

static inline struct xdp_desc *ring_descriptor(const struct xsk_ring *ring, uint32_t at)
{
	return (struct xdp_desc *)ring->entries + (at & (ring->size - 1));
}

/*
 * Of a socket that has its memory, with so many entries each (powers of two). Returns 0, or the negative number of an
 * error.
 */
int rings_map(struct xsk_rings *rings, int socket, uint32_t receiving, uint32_t sending);
void rings_unmap(struct xsk_rings *rings);

#endif
