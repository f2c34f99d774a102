#define _GNU_SOURCE
#include "xsk-rings.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

static int map(struct xsk_ring *ring, int socket, uint64_t page_offset, const struct xdp_ring_offset *offsets,
	       uint32_t size, size_t entry_bytes)
{
	ring->mapping_bytes = offsets->desc + size * entry_bytes;
	ring->mapping = mmap(NULL, ring->mapping_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket,
			     (off_t)page_offset);
	if (ring->mapping == MAP_FAILED)
		return -errno;
	/* A child of this process must not go on with it. */
	madvise(ring->mapping, ring->mapping_bytes, MADV_DONTFORK);
	ring->producer = (_Atomic uint32_t *)((uint8_t *)ring->mapping + offsets->producer);
	ring->consumer = (_Atomic uint32_t *)((uint8_t *)ring->mapping + offsets->consumer);
	ring->flags = (_Atomic uint32_t *)((uint8_t *)ring->mapping + offsets->flags);
	ring->entries = (uint8_t *)ring->mapping + offsets->desc;
	ring->size = size;
	return 0;
}

int rings_map(struct xsk_rings *rings, int socket, uint32_t receiving, uint32_t sending)
{
	const struct {
		int option;
		uint32_t size;
	} sizes[] = {
		{XDP_UMEM_FILL_RING, receiving},
		{XDP_RX_RING, receiving},
		{XDP_TX_RING, sending},
		{XDP_UMEM_COMPLETION_RING, sending},
	};
	struct xdp_mmap_offsets offsets;
	socklen_t offsets_bytes = sizeof(offsets);
	int result = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (setsockopt(socket, SOL_XDP, sizes[i].option, &sizes[i].size, sizeof(sizes[i].size)) != 0)
			return -errno;
	}
	if (getsockopt(socket, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &offsets_bytes) != 0)
		return -errno;
	/* Of Linux before 5.4, which has no flags. */
	if (offsets_bytes < sizeof(offsets))
		return -EOPNOTSUPP;
	result = map(&rings->fill, socket, XDP_UMEM_PGOFF_FILL_RING, &offsets.fr, receiving, sizeof(uint64_t));
	if (result == 0)
		result = map(&rings->rx, socket, XDP_PGOFF_RX_RING, &offsets.rx, receiving, sizeof(struct xdp_desc));
	if (result == 0)
		result = map(&rings->tx, socket, XDP_PGOFF_TX_RING, &offsets.tx, sending, sizeof(struct xdp_desc));
	if (result == 0)
		result = map(&rings->completion, socket, XDP_UMEM_PGOFF_COMPLETION_RING, &offsets.cr, sending,
			     sizeof(uint64_t));
	return result;
}

void rings_unmap(struct xsk_rings *rings)
{
	struct xsk_ring *all[] = {&rings->fill, &rings->rx, &rings->tx, &rings->completion};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->mapping != NULL && all[i]->mapping != MAP_FAILED)
			munmap(all[i]->mapping, all[i]->mapping_bytes);
	}
}
