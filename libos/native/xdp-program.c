#define _GNU_SOURCE
#include "xdp-program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Times that the kernel is asked to check a program. */
enum { LOAD_TRIES = 10 };

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

/*
 * A signal that comes while the kernel checks a program ends the check (EAGAIN). They wait until it is over; those that
 * stop a process do not, and it is checked again.
 */
static int load_undisturbed(union bpf_attr *attributes)
{
	sigset_t all, before;
	int program = -1;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = EAGAIN;
	for (int tries = 0; program < 0 && errno == EAGAIN && tries < LOAD_TRIES; tries++)
		program = bpf(BPF_PROG_LOAD, attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return program;
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
	return load_undisturbed(&attributes);
}

static int link_by(int program, uint32_t interface, uint32_t flags)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.link_create.prog_fd = (uint32_t)program;
	attributes.link_create.target_ifindex = interface;
	attributes.link_create.attach_type = BPF_XDP;
	attributes.link_create.flags = flags;
	return bpf(BPF_LINK_CREATE, &attributes);
}

static int link_program(int program, uint32_t interface, enum xdp_attach how, bool *native)
{
	int link = -1;

	*native = how != XDP_ATTACH_SKB;
	if (*native)
		link = link_by(program, interface, XDP_FLAGS_DRV_MODE);
	/* Another driver does not help against a program that is there, or a lack of rights. */
	if (link >= 0 || how == XDP_ATTACH_NATIVE || (*native && (errno == EBUSY || errno == EEXIST || errno == EPERM)))
		return link;
	*native = false;
	return link_by(program, interface, XDP_FLAGS_SKB_MODE);
}

struct xdp_outcome xdp_program_attach(uint32_t interface, uint32_t queue, int socket, enum xdp_attach how)
{
	struct xdp_outcome outcome = {.step = XDP_MAP, .link = -1};
	int map = make_map(queue + 1), program = -1;

	if (map >= 0 && put_into_map(map, queue, socket) == 0) {
		outcome.step = XDP_LOAD;
		program = load_program(map);
	}
	if (program >= 0) {
		outcome.step = XDP_LINK;
		outcome.link = link_program(program, interface, how, &outcome.native);
	}
	if (outcome.link >= 0)
		outcome.step = XDP_ATTACHED;
	else
		outcome.error = errno;
	/* What the link stands on lives as long as that does. */
	if (program >= 0)
		close(program);
	if (map >= 0)
		close(map);
	return outcome;
}
