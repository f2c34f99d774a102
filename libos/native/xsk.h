/*
 * XDP sockets, as those see them who use one: the other side of the glue (libos/xdp/glue.ts), and the floor below it.
 * A socket is named by the address of its struct, as a double, since a foreign call with numbers costs least.
 */
#ifndef BYPASSBENCH_XSK_H
#define BYPASSBENCH_XSK_H

/* Flags of xsk_open, as Flag in libos/xdp/glue.ts. */
enum { FORCE_COPY = 1, FORCE_ZERO_COPY = 2, PARTIAL_CHECKSUMS = 4 };

/* The counters of the area, in their order, separated by spaces. */
const char *xsk_counter_names(void);
/*
 * Opens a socket on `queue` of `interface`, over `buffers` chunks at `memory`, which stays the caller's; `attach` is an
 * enum xdp_attach. Returns its address, or less than 0: the step that failed and the number of the error.
 */
double xsk_open(const char *interface, double memory, int chunk_bytes, int buffers, int mtu, int queue, int attach,
		int flags);
/* The area of frame-area.h. */
double xsk_area(double address);
int xsk_area_bytes(double address);
/* Where device times go from now on; 0 for nowhere. */
void xsk_set_device_times(double address, double times);
/* Brings what the kernel has counted, and where the chunks are, into the area. */
void xsk_read_counters(double address);
/* Transmits what was queued and receives what has come. Returns the number of frames received. */
int xsk_exchange(double address);
/* Makes room among the queued frames before the next exchange. */
void xsk_flush(double address);
/*
 * Sleeps until frames have come, for `timeout_us` at most. Returns 1 for that, 0 when there are none, -1 when the
 * interface is gone, so that nobody will ever be woken.
 */
int xsk_wait(double address, double timeout_us);
void xsk_close(double address);

#endif
