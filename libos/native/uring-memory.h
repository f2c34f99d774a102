/*
 * Sets a ring of io_uring up and maps what its owner shares with the kernel: for the glue (uring.c) and the program of
 * its floor (loadgen/floor/native/floor-uring.c). System calls directly: <linux/io_uring.h> is all it takes.
 */
#ifndef BYPASSBENCH_URING_MEMORY_H
#define BYPASSBENCH_URING_MEMORY_H

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

struct uring_memory {
	int fd;
	/* Both rings lie in one mapping (IORING_FEAT_SINGLE_MMAP). */
	uint8_t *shared;
	size_t shared_bytes;
	struct io_uring_sqe *sqes;
	size_t sqes_bytes;
	struct io_uring_params params;
};

static inline _Atomic uint32_t *uring_word(const struct uring_memory *ring, uint32_t offset)
{
	return (_Atomic uint32_t *)(ring->shared + offset);
}

static inline void uring_memory_close(struct uring_memory *ring)
{
	if (ring->shared != NULL && ring->shared != MAP_FAILED)
		munmap(ring->shared, ring->shared_bytes);
	if (ring->sqes != NULL && (void *)ring->sqes != MAP_FAILED)
		munmap(ring->sqes, ring->sqes_bytes);
	close(ring->fd);
}

static inline int uring_memory_map(struct uring_memory *ring)
{
	const struct io_uring_params *params = &ring->params;
	const size_t sq_bytes = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
	const size_t cq_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	const int protection = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;

	ring->shared_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
	ring->shared = mmap(NULL, ring->shared_bytes, protection, flags, ring->fd, IORING_OFF_SQ_RING);
	if (ring->shared == MAP_FAILED)
		return -errno;
	ring->sqes_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
	ring->sqes = mmap(NULL, ring->sqes_bytes, protection, flags, ring->fd, IORING_OFF_SQES);
	if (ring->sqes == MAP_FAILED)
		return -errno;
	/* Submissions are made in the order of their places. */
	for (uint32_t i = 0; i < params->sq_entries; i++)
		*uring_word(ring, params->sq_off.array + i * (uint32_t)sizeof(uint32_t)) = i;
	return 0;
}

/* As `params` asks for. Returns 0, or the negative number of an error: nothing is open then. */
static inline int uring_memory_open(struct uring_memory *ring, uint32_t entries)
{
	int result;

	ring->fd = (int)syscall(__NR_io_uring_setup, entries, &ring->params);
	if (ring->fd < 0)
		return -errno;
	result = uring_memory_map(ring);
	if (result < 0)
		uring_memory_close(ring);
	return result;
}

#endif
