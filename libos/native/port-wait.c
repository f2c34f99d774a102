/*
 * How a thread that sleeps is woken by what a port receives. Which way there is depends on the driver, and is found
 * when the port is opened for one that will sleep:
 *
 *     BY_INTERRUPT   the driver has an interrupt for what it receives, which EAL gives to an epoll instance: NICs,
 *                    net_tap
 *     BY_SOCKET      it receives through a socket, which is readable as long as frames wait: net_af_packet, net_af_xdp
 *     BY_RING        net_memif sends interrupts and asks for none: memif-wait.c asks in its place
 *
 * An interrupt tells of what comes after it was enabled: the thread enables it, receives once more, and then sleeps.
 * What it has received so waits for the next exchange. A driver may have an interrupt that its NIC never raises: when
 * frames have come in a few sleeps, and none of them has ended one, nobody relies on it any more.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "port.h"

/* One may be missed as a frame comes just when the time is over. */
enum { MOST_MISSED = 3 };
/* A sleep of so long tells whether there are interrupts: NICs hold one back for less. */
enum { LEAST_TELLING_US = 20000 };

/* Returns whether the driver has an interrupt for what it receives. Those without a call to enable it need none. */
static bool find_interrupt(struct port *port)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int result;

	if (epoll < 0)
		return false;
	if (rte_eth_dev_rx_intr_ctl_q(port->id, 0, epoll, RTE_INTR_EVENT_ADD, NULL) == 0) {
		result = rte_eth_dev_rx_intr_enable(port->id, 0);
		if (result == 0 || result == -ENOTSUP) {
			port->arms = result == 0;
			if (port->arms)
				rte_eth_dev_rx_intr_disable(port->id, 0);
			port->wake_fd = epoll;
			return true;
		}
		rte_eth_dev_rx_intr_ctl_q(port->id, 0, epoll, RTE_INTR_EVENT_DEL, NULL);
	}
	close(epoll);
	return false;
}

static bool is_other_ports(int fd)
{
	for (int i = 0; i < MAX_PORTS; i++) {
		if (ports[i].open && ports[i].wake_way == BY_SOCKET && ports[i].wake_fd == fd)
			return true;
	}
	return false;
}

/* Whether it is a packet socket that gets all that comes by an interface (packet(7)). */
static bool is_packet_socket(int fd, unsigned int interface)
{
	struct sockaddr_ll address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 || length < sizeof(address) - 2)
		return false;
	return address.sll_family == AF_PACKET && address.sll_ifindex == (int)interface &&
	       address.sll_protocol == htons(ETH_P_ALL);
}

/* The socket that net_af_packet has opened on an interface, as the kernel tells it apart; -1 where there is none. */
static int packet_socket(unsigned int interface)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	int found = -1;

	if (folder == NULL)
		return -1;
	while (found < 0 && (entry = readdir(folder)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && is_packet_socket(fd, interface) && !is_other_ports(fd))
			found = fd;
	}
	closedir(folder);
	return found;
}

/* Returns whether there is one, which the port's lane then rings: a peer has come or gone. */
static bool open_bell(struct port *port)
{
	int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (bell < 0)
		return false;
	port->wake_fd = bell;
	atomic_store(&gate_lanes[port - ports].bell, bell);
	return true;
}

void find_wake_way(struct port *port, const struct rte_eth_dev_info *info)
{
	const char *driver = info->driver_name == NULL ? "" : info->driver_name;

	if (strcmp(driver, "net_memif") == 0) {
		if (memif_wakes() && open_bell(port))
			port->wake_way = BY_RING;
		return;
	}
	if (strcmp(driver, "net_af_packet") == 0)
		port->wake_fd = packet_socket(info->if_index);
	else if (strcmp(driver, "net_af_xdp") == 0)
		port->wake_fd = af_xdp_socket(info->if_index);
	if (port->wake_fd >= 0)
		port->wake_way = BY_SOCKET;
	else if (port->conf.intr_conf.rxq && find_interrupt(port))
		port->wake_way = BY_INTERRUPT;
}

void forget_wake_way(struct port *port)
{
	atomic_store(&gate_lanes[port - ports].bell, 0);
	if (port->wake_way == BY_INTERRUPT)
		rte_eth_dev_rx_intr_ctl_q(port->id, 0, port->wake_fd, RTE_INTR_EVENT_DEL, NULL);
	/* A socket is the driver's. */
	if (port->wake_way == BY_INTERRUPT || port->wake_way == BY_RING)
		close(port->wake_fd);
	port->wake_way = WAKES_NOT;
	port->wake_fd = -1;
}

enum slept sleep_on(struct pollfd *files, int count, double timeout_us)
{
	const int64_t timeout_ns = (int64_t)(timeout_us * 1e3);
	const struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};

	const int ready = ppoll(files, (nfds_t)count, &timeout, NULL);

	return ready > 0 ? WOKEN : ready < 0 ? INTERRUPTED : TO_THE_END;
}

static int wait_for_socket(struct port *port, double timeout_us)
{
	struct pollfd socket = {.fd = port->wake_fd, .events = POLLIN};

	if (sleep_on(&socket, 1, timeout_us) != WOKEN)
		return 0;
	/* Of an interface that is gone or down nothing comes, and its socket says so at once. */
	return socket.revents & POLLIN ? 1 : -1;
}

/* Behind a sleep that was to last `timeout_us`. Returns whether frames are there. */
static bool look_again(struct port *port, enum slept slept, double timeout_us)
{
	if (port->early_count > 0)
		return true;
	if (slept == WOKEN) {
		port->area->counters[COUNT_interrupts]++;
		port->missed = 0;
		return true;
	}
	port->early_count = receive_burst(port, port->early);
	if (port->early_count == 0)
		return false;
	/* A NIC may hold an interrupt back for a while; and a sleep that a signal ended shows nothing. */
	if (slept == INTERRUPTED || timeout_us < LEAST_TELLING_US)
		return true;
	port->area->counters[COUNT_interrupts_missed]++;
	if (++port->missed == MOST_MISSED)
		forget_wake_way(port);
	return true;
}

static int wait_for_interrupt(struct port *port, double timeout_us)
{
	struct pollfd interrupt = {.fd = port->wake_fd, .events = POLLIN};
	struct rte_epoll_event event;
	enum slept slept = TO_THE_END;

	if (port->arms && rte_eth_dev_rx_intr_enable(port->id, 0) != 0)
		return -1;
	/* What is there already, such as the rest of a burst, interrupts no more. */
	port->early_count = receive_burst(port, port->early);
	if (port->early_count == 0)
		slept = sleep_on(&interrupt, 1, timeout_us);
	if (port->arms)
		rte_eth_dev_rx_intr_disable(port->id, 0);
	/* Takes the event, which EAL counts down in the driver's file. */
	rte_epoll_wait(port->wake_fd, &event, 1, 0);
	return look_again(port, slept, timeout_us);
}

int port_wakes(int number)
{
	return ports[number].wake_way;
}

/*
 * Sleeps until frames may have come, for `timeout_us` at most. Returns 1 for that, 0 when the time is over, -1 where
 * nothing would wake the thread.
 */
int port_wait(int number, double timeout_us)
{
	struct port *port = &ports[number];

	if (!port->started && port->wake_way != BY_RING)
		return -1;
	if (port->early_count > 0)
		return 1;
	switch (port->wake_way) {
	case BY_SOCKET:
		return wait_for_socket(port, timeout_us);
	case BY_INTERRUPT:
		return wait_for_interrupt(port, timeout_us);
	case BY_RING:
		return memif_wait(port, timeout_us);
	default:
		return -1;
	}
}
