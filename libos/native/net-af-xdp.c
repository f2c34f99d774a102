/*
 * Puts the XDP program of net_af_xdp on its interface in such a way that it goes with the process, however that ends.
 *
 * libxdp attaches its program to the interface for good and takes it off when the socket is closed: of a process that
 * is killed, or ends without closing, it stays, and so it does for all that come after. (net_af_xdp's own removal asks
 * the kernel to change nothing where there is a program, which there is.) Here the socket gets a program of ours
 * (xdp-program.h).
 *
 * As with gate.c, a driver's call of xsk_socket__create and its kin arrives here first. Ports are opened and closed by
 * one thread at a time.
 */
#define _GNU_SOURCE
#include "port.h"

#if __has_include(<xdp/xsk.h>)
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xdp/xsk.h>

#include <rte_log.h>

#include "xdp-program.h"

/* A socket, and the descriptor that keeps its program on the interface. */
struct attached {
	struct attached *next;
	struct xsk_socket *socket;
	int link, fd;
	unsigned int interface;
};

static struct attached *all_attached;

/* libxdp comes with the driver, after this library. */
static void *of_libxdp(const char *name)
{
	static void *libxdp;

	if (libxdp == NULL)
		libxdp = dlopen("libxdp.so.1", RTLD_LAZY | RTLD_NOLOAD);
	return libxdp == NULL ? NULL : dlsym(libxdp, name);
}

/* Returns the descriptor of the link, or -1. */
static int attach(const char *name, uint32_t queue, int socket)
{
	const struct xdp_outcome outcome =
		xdp_program_attach(if_nametoindex(name), queue, socket, XDP_ATTACH_AUTO);

	if (outcome.step == XDP_ATTACHED)
		return outcome.link;
	if (outcome.error == EBUSY || outcome.error == EEXIST)
		rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1,
			"bypassbench: %s has an XDP program already, which another program uses or has left "
			"(ip link set dev %s xdp off takes it away)\n",
			name, name);
	else
		rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1,
			"bypassbench: no XDP program can be linked to %s (%s), for which Linux must be 5.9 or later\n",
			name, strerror(outcome.error));
	return -1;
}

int xsk_socket__create(struct xsk_socket **socket, const char *interface, __u32 queue, struct xsk_umem *umem,
		       struct xsk_ring_cons *rx, struct xsk_ring_prod *tx,
		       const struct xsk_socket_config *given)
{
	int (*create)(struct xsk_socket **, const char *, __u32, struct xsk_umem *, struct xsk_ring_cons *,
		      struct xsk_ring_prod *, const struct xsk_socket_config *) =
		of_libxdp("xsk_socket__create");
	int (*descriptor)(const struct xsk_socket *) = of_libxdp("xsk_socket__fd");
	void (*forget)(struct xsk_socket *) = of_libxdp("xsk_socket__delete");
	struct attached *made = calloc(1, sizeof(*made));
	struct xsk_socket_config config = *given;
	int result;

	if (create == NULL || descriptor == NULL || forget == NULL || made == NULL) {
		free(made);
		return -ENOMEM;
	}
	config.libxdp_flags |= XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;
	result = create(socket, interface, queue, umem, rx, tx, &config);
	if (result != 0) {
		free(made);
		return result;
	}
	made->socket = *socket;
	made->fd = descriptor(*socket);
	made->interface = if_nametoindex(interface);
	made->link = attach(interface, queue, made->fd);
	if (made->link < 0) {
		forget(*socket);
		free(made);
		return -EINVAL;
	}
	made->next = all_attached;
	all_attached = made;
	return 0;
}

void xsk_socket__delete(struct xsk_socket *socket)
{
	void (*forget)(struct xsk_socket *) = of_libxdp("xsk_socket__delete");

	for (struct attached **place = &all_attached; *place != NULL; place = &(*place)->next) {
		struct attached *found = *place;

		if (found->socket != socket)
			continue;
		*place = found->next;
		close(found->link);
		free(found);
		break;
	}
	if (forget != NULL)
		forget(socket);
}

int af_xdp_socket(unsigned int interface)
{
	for (const struct attached *one = all_attached; one != NULL; one = one->next) {
		if (one->interface == interface)
			return one->fd;
	}
	return -1;
}
#else
int af_xdp_socket(unsigned int interface)
{
	(void)interface;
	return -1;
}
#endif
