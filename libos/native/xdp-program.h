/*
 * The XDP program that hands what a queue of an interface receives to an XDP socket. It is attached by a link: the
 * kernel detaches it with the last descriptor of that, however its process ends (Linux 5.9). System calls directly.
 */
#ifndef BYPASSBENCH_XDP_PROGRAM_H
#define BYPASSBENCH_XDP_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

/* Where it runs: in the driver, or above it, in the kernel's own code, on a copy. As Attach in libos/xdp/glue.ts. */
enum xdp_attach { XDP_ATTACH_AUTO, XDP_ATTACH_NATIVE, XDP_ATTACH_SKB };

/* What an attempt has come to: what failed, or, when all went well, ATTACHED. */
enum xdp_step { XDP_MAP, XDP_LOAD, XDP_LINK, XDP_ATTACHED };

struct xdp_outcome {
	enum xdp_step step;
	/* Number of the error, or 0. */
	int error;
	/* The descriptor that keeps the program there, or -1. */
	int link;
	bool native;
};

struct xdp_outcome xdp_program_attach(uint32_t interface, uint32_t queue, int socket, enum xdp_attach how);

#endif
