/*
 * Puts the XDP program of net_af_xdp on its interface in such a way that it goes with the process, however that ends.
 *
 * libxdp attaches its program to the interface for good and takes it off when the socket is closed: of a process that
 * is killed, or ends without closing, it stays, and so it does for all that come after. (net_af_xdp's own removal asks
 * the kernel to change nothing where there is a program, which there is.) Here the socket gets a program of ours,
 * attached by a link: the kernel detaches it with the last descriptor of that (Linux 5.9).
 *
 * As with gate.c, a driver's call of xsk_socket__create and its kin arrives here first. Ports are opened and closed by
 * one thread at a time.
 */
#if __has_include(<xdp/xsk.h>)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xdp/xsk.h>

#include <rte_log.h>

/* A socket, and the descriptor that keeps its program on the interface. */
struct attached {
	struct attached *next;
	struct xsk_socket *socket;
	int link;
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

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

/* Sockets by the queues whose frames they get. */
static int make_map(uint32_t queues)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_XSKMAP;
	attributes.key_size = sizeof(uint32_t);
	attributes.value_size = sizeof(int);
	attributes.max_entries = queues;
	return bpf(BPF_MAP_CREATE, &attributes);
}

static int put_into_map(int map, uint32_t queue, int socket)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = (uint32_t)map;
	attributes.key = (uintptr_t)&queue;
	attributes.value = (uintptr_t)&socket;
	return bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

/* return bpf_redirect_map(&map, context->rx_queue_index, XDP_PASS); */
static int load_program(int map)
{
	static const char license[] = "Dual MIT/GPL";
	const struct bpf_insn program[] = {
		{.code = BPF_LDX | BPF_MEM | BPF_W,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_REG_1,
		 .off = offsetof(struct xdp_md, rx_queue_index)},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_XDP;
	attributes.expected_attach_type = BPF_XDP;
	attributes.insns = (uintptr_t)program;
	attributes.insn_cnt = sizeof(program) / sizeof(program[0]);
	attributes.license = (uintptr_t)license;
	strcpy(attributes.prog_name, "bypassbench");
	return bpf(BPF_PROG_LOAD, &attributes);
}

/* In the driver, else above it. */
static int link_program(int program, uint32_t interface)
{
	union bpf_attr attributes;
	int link;

	memset(&attributes, 0, sizeof(attributes));
	attributes.link_create.prog_fd = (uint32_t)program;
	attributes.link_create.target_ifindex = interface;
	attributes.link_create.attach_type = BPF_XDP;
	link = bpf(BPF_LINK_CREATE, &attributes);
	if (link >= 0 || errno == EBUSY || errno == EEXIST || errno == EPERM)
		return link;
	attributes.link_create.flags = XDP_FLAGS_SKB_MODE;
	return bpf(BPF_LINK_CREATE, &attributes);
}

/* Returns the descriptor of the link, or -1. What it stands on lives as long as it does. */
static int attach(const char *name, uint32_t queue, int socket)
{
	int map = make_map(queue + 1), program = map < 0 ? -1 : load_program(map), link = -1, reason;

	if (program >= 0 && put_into_map(map, queue, socket) == 0)
		link = link_program(program, if_nametoindex(name));
	reason = errno;
	if (program >= 0)
		close(program);
	if (map >= 0)
		close(map);
	errno = reason;
	if (link >= 0)
		return link;
	if (reason == EBUSY || reason == EEXIST)
		rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1,
			"bypassbench: %s has an XDP program already, which another program uses or has left "
			"(ip link set dev %s xdp off takes it away)\n",
			name, name);
	else
		rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1,
			"bypassbench: no XDP program can be linked to %s (%s), for which Linux must be 5.9 or later\n",
			name, strerror(reason));
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
	made->link = attach(interface, queue, descriptor(*socket));
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
#endif
