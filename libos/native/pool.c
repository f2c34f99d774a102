/* The packet buffers of a port, and the area by which the other side sees them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_mbuf_dyn.h>

#include "port.h"

/* The area that the other side sees, and in it where each buffer lies in the pool's memory. */
int create_area(struct port *port, int buffers)
{
	struct area *area;

	port->area_bytes = area_bytes_for(buffers);
	area = mmap(NULL, port->area_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	port->area = area == MAP_FAILED ? NULL : area;
	port->mbufs = calloc((size_t)buffers, sizeof(struct rte_mbuf *));
	if (port->area == NULL || port->mbufs == NULL)
		return fail("out of memory");
	port->free = area->base_of + buffers;
	return 0;
}

static void set_index(struct rte_mempool *pool, void *argument, void *object, unsigned int index)
{
	struct port *port = argument;
	struct rte_mbuf *mbuf = object;

	(void)pool;
	port->mbufs[index] = mbuf;
	*RTE_MBUF_DYNFIELD(mbuf, port->index_at, uint32_t *) = index;
}

static void unmap_chunk(struct rte_mempool_memhdr *chunk, void *length)
{
	munmap(chunk->addr, (size_t)length);
}

/*
 * Without hugepages the pool has a mapping of its own: EAL then need not know at its start how much
 * memory all pools to come will need. Small pages do, since the pool is a stack: few buffers are in use at a
 * time.
 *
 * One buffer follows the other there, also across pages: net_af_xdp registers as many bytes as
 * that makes, and of a pool with gaps at the ends of pages the kernel then refuses the last buffers.
 */
static int populate_from_mapping(struct rte_mempool *pool)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), chunk, alignment;
	ssize_t needed = rte_mempool_op_calc_mem_size_default(pool, pool->size, 0, &chunk, &alignment);
	size_t length = RTE_ALIGN_CEIL((size_t)needed, page);
	uint8_t *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	return rte_mempool_populate_virt(pool, (char *)memory, length, length, unmap_chunk, (void *)length);
}

static int describe_pool(struct port *port, int buffers)
{
	struct area *area = port->area;
	uint8_t *first = port->mbufs[0]->buf_addr, *end = first;

	for (int i = 0; i < buffers; i++) {
		uint8_t *bytes = port->mbufs[i]->buf_addr;

		first = RTE_MIN(first, bytes);
		end = RTE_MAX(end, bytes + port->mbufs[i]->buf_len);
	}
	if (end - first > INT32_MAX)
		return fail("%d packet buffers spread over more than 2 GiB", buffers);
	port->pool_base = first;
	for (int i = 0; i < buffers; i++)
		area->base_of[i] = (int32_t)((uint8_t *)port->mbufs[i]->buf_addr - first);
	area->pool_address = (double)(uintptr_t)first;
	area->pool_bytes = (double)(end - first);
	area->buffers = buffers;
	area->buffer_bytes = port->mbufs[0]->buf_len;
	return 0;
}

int create_pool(struct port *port, int buffers, uint32_t data_room)
{
	struct rte_pktmbuf_pool_private sizes = {.mbuf_data_room_size =
							 (uint16_t)(RTE_PKTMBUF_HEADROOM + data_room)};
	static const struct rte_mbuf_dynfield index_field = {
		.name = "bypassbench_buffer_index", .size = sizeof(uint32_t), .align = sizeof(uint32_t)};
	char name[RTE_MEMPOOL_NAMESIZE];
	unsigned int element = sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + data_room;
	/* Nobody but a NIC asks for the bus addresses of buffers, within which pages matter. */
	const unsigned int layout = port->flags & POOL_IN_EAL ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	int result;

	port->index_at = rte_mbuf_dynfield_register(&index_field);
	if (port->index_at < 0)
		return fail("no room in packet buffers for an index");
	snprintf(name, sizeof(name), "packets%d", (int)(port - ports));
	port->pool = rte_mempool_create_empty(name, (unsigned int)buffers, element, RTE_MIN(buffers / 4, 256),
					      sizeof(sizes), SOCKET_ID_ANY, layout);
	if (port->pool == NULL)
		return fail("no packet pool (%s)", rte_strerror(rte_errno));
	/* Last in, first out: the buffers in use are those in the cache. */
	rte_mempool_set_ops_byname(port->pool, "stack", NULL);
	rte_pktmbuf_pool_init(port->pool, &sizes);
	result = port->flags & POOL_IN_EAL ? rte_mempool_populate_default(port->pool)
					   : populate_from_mapping(port->pool);
	if (result < buffers)
		return fail("no memory for %d packet buffers of %u bytes", buffers, element);
	rte_mempool_obj_iter(port->pool, rte_pktmbuf_init, NULL);
	rte_mempool_obj_iter(port->pool, set_index, port);
	return describe_pool(port, buffers);
}
