/* Opens and closes ports, and watches their links. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_lcore.h>

#include "port.h"

/* Where nobody is at the other end of the wire, a NIC is opened after so long. */
enum { LINK_PATIENCE_S = 5, LINK_LOOK_US = 5000 };

struct port ports[MAX_PORTS];
static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int virtual_devices;

const char *glue_counter_names(void)
{
	return COUNTERS(COUNTER_NAME);
}

/* What a NIC does by itself. Some leave IPv4's checksum, over few bytes, to the host. */
static void use_offloads(struct port *port, const struct rte_eth_dev_info *info)
{
	const uint64_t rx = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	const uint64_t tx = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	const uint64_t tx_header = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	struct rte_eth_conf *conf = &port->conf;

	conf->rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM;
	port->checks_in_hardware = (info->rx_offload_capa & rx) == rx;
	port->fills_in_hardware = (info->tx_offload_capa & tx) == tx;
	port->fills_header_in_hardware = port->fills_in_hardware && tx_header != 0;
	conf->txmode.offloads = port->fills_in_hardware ? tx | tx_header : 0;
	conf->txmode.offloads |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	/* Looking at the link is then no walk to the wire's own chip, of which some take a tenth of a millisecond. */
	conf->intr_conf.lsc = (*info->dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
}

/* `interrupts`: with one for what is received. Some NICs have one in all, which is then not that of the link. */
static int try_to_configure(struct port *port, const struct rte_eth_dev_info *info, int mtu, bool interrupts)
{
	struct rte_eth_conf *conf = &port->conf;

	memset(conf, 0, sizeof(*conf));
	/* Software devices only pretend: they compute with less care than checksum.c. */
	if (port->flags & HARDWARE) {
		use_offloads(port, info);
		if (port->flags & SET_MTU)
			conf->rxmode.mtu = (uint32_t)mtu;
	}
	if (interrupts) {
		conf->intr_conf.rxq = 1;
		conf->intr_conf.lsc = 0;
	}
	return rte_eth_dev_configure(port->id, 1, 1, conf);
}

static int configure(struct port *port, const struct rte_eth_dev_info *info, int mtu, bool interrupts)
{
	int result = try_to_configure(port, info, mtu, interrupts);

	/* A driver without such an interrupt may refuse. */
	if (result < 0 && interrupts)
		result = try_to_configure(port, info, mtu, false);
	if (result < 0)
		return fail("the device refuses its configuration (%s)", rte_strerror(-result));
	if ((port->flags & (HARDWARE | SET_MTU)) == SET_MTU) {
		result = rte_eth_dev_set_mtu(port->id, (uint16_t)mtu);
		if (result < 0)
			return fail("the device refuses an MTU of %d (%s)", mtu, rte_strerror(-result));
	}
	return 0;
}

static int set_up_queues(struct port *port)
{
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int result;

	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	port->area->held_by_device = port->flags & HOLDS_BUFFERS ? rx + tx : 0;
	gate_note_instance(&port->rx_handle);
	result = rte_eth_rx_queue_setup(port->id, 0, rx, SOCKET_ID_ANY, NULL, port->pool);
	gate_note_instance(NULL);
	if (result == 0)
		result = rte_eth_tx_queue_setup(port->id, 0, tx, SOCKET_ID_ANY, NULL);
	return result < 0 ? fail("no queues on the device (%s)", rte_strerror(-result)) : 0;
}

/* `mac` of all zeros keeps the device's own; only hardware is given another. */
static int set_address(struct port *port, const uint8_t *mac)
{
	struct rte_ether_addr wanted, present;
	int result = 0;

	memcpy(wanted.addr_bytes, mac, sizeof(wanted));
	rte_eth_macaddr_get(port->id, &present);
	if (rte_is_zero_ether_addr(&wanted))
		wanted = present;
	else if (port->flags & HARDWARE)
		result = rte_eth_dev_default_mac_addr_set(port->id, &wanted);
	memcpy(port->area->mac, wanted.addr_bytes, sizeof(wanted));
	if (result < 0 || port->flags & PROMISCUOUS) {
		result = rte_eth_promiscuous_enable(port->id);
		port->promiscuous = result == 0;
	}
	return result < 0 ? fail("the device takes no other Ethernet address (%s)", rte_strerror(-result))
			  : 0;
}

static int start(struct port *port)
{
	int result = rte_eth_dev_start(port->id);

	port->started = result == 0;
	port->retry_at = rte_rdtsc() + (port->started ? port->patience : port->retry_every);
	return result;
}

static void discard_pending(struct port *port)
{
	if (port->pending_count == 0)
		return;
	port->area->counters[COUNT_tx_dropped_link_down] += port->pending_count;
	rte_pktmbuf_free_bulk(port->pending, (unsigned int)port->pending_count);
	port->pending_count = 0;
	port->area->pending = 0;
}

static void close_port(struct port *port)
{
	int lane = (int)(port - ports);

	gate_lock();
	forget_wake_way(port);
	/* Of an interface that the kernel keeps it would last. */
	if (port->promiscuous)
		rte_eth_promiscuous_disable(port->id);
	if (port->started)
		rte_eth_dev_stop(port->id);
	port->started = false;
	gate_close_listeners(lane);
	if (port->attached)
		rte_eal_hotplug_remove(port->bus, port->name);
	gate_unlock();
	/* The buffers that are out need not come home: their memory goes with the pool. */
	if (port->pool != NULL)
		rte_mempool_free(port->pool);
	if (port->area != NULL)
		munmap(port->area, port->area_bytes);
	free(port->mbufs);
	pthread_mutex_lock(&ports_lock);
	memset(port, 0, sizeof(*port));
	pthread_mutex_unlock(&ports_lock);
}

static struct port *claim_port(void)
{
	struct port *port = NULL;

	pthread_mutex_lock(&ports_lock);
	for (int i = 0; i < MAX_PORTS && port == NULL; i++) {
		if (!ports[i].open)
			port = &ports[i];
	}
	if (port != NULL)
		port->open = true;
	pthread_mutex_unlock(&ports_lock);
	return port;
}

/* Whether another port of this process has the device. */
static bool is_taken(const struct port *port)
{
	for (int i = 0; i < MAX_PORTS; i++) {
		if (&ports[i] != port && ports[i].attached && strcmp(ports[i].name, port->name) == 0)
			return true;
	}
	return false;
}

static int attach(struct port *port, const char *arguments)
{
	int result;

	if (is_taken(port))
		return fail("this process has the device open already");
	gate_set_owner((int)(port - ports));
	result = rte_eal_hotplug_add(port->bus, port->name, arguments);
	gate_set_owner(-1);
	/* EAL takes the NIC that it is started for by itself. */
	if (result < 0 && result != -EEXIST)
		return fail("DPDK finds no such device or cannot use it (%s)", rte_strerror(-result));
	port->attached = true;
	if (rte_eth_dev_get_port_by_name(port->name, &port->id) < 0)
		return fail("the device is no Ethernet device");
	return 0;
}

/* A whole frame and a little more: drivers ask for room for the largest frame that they could receive. */
static uint32_t data_room(const struct port *port)
{
	uint32_t frame = RTE_ALIGN_CEIL(port->frame_limit + 128, (uint32_t)RTE_CACHE_LINE_SIZE);

	return RTE_MAX(frame, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM);
}

/* Some drivers find out as they start that they have no interrupt for what is received. */
static int start_without_interrupts(struct port *port, const struct rte_eth_dev_info *info, int mtu)
{
	if (configure(port, info, mtu, false) < 0 || set_up_queues(port) < 0)
		return -1;
	return start(port);
}

static int bring_up(struct port *port, const char *arguments, int mtu, int buffers, const uint8_t *mac)
{
	const int given_mtu = mtu;
	struct rte_eth_dev_info info;
	int result;

	if (attach(port, arguments) < 0 || rte_eth_dev_info_get(port->id, &info) < 0 ||
	    create_area(port, buffers) < 0)
		return -1;
	if (configure(port, &info, mtu, port->flags & WAKES) < 0)
		return -1;
	if (mtu == 0) {
		uint16_t own = 0;

		rte_eth_dev_get_mtu(port->id, &own);
		mtu = own;
	}
	port->area->mtu = mtu;
	port->frame_limit = (uint32_t)mtu + LONGEST_HEADER;
	if (create_pool(port, buffers, data_room(port)) < 0)
		return -1;
	if (set_up_queues(port) < 0)
		return -1;
	result = start(port);
	if (result < 0 && port->conf.intr_conf.rxq && !(port->flags & RECONNECTS))
		result = start_without_interrupts(port, &info, given_mtu);
	/* A client whose server is not there yet tries again while it is polled. */
	if (result < 0 && !(port->flags & RECONNECTS))
		return fail("the device does not start (%s)", rte_strerror(-result));
	if (port->flags & WAKES)
		find_wake_way(port, &info);
	return set_address(port, mac);
}

/*
 * The link of a NIC comes up a moment after the NIC is started, as the two ends of the wire agree on how to talk:
 * what is sent before is lost.
 */
static void wait_for_link(struct port *port)
{
	const uint64_t give_up = rte_rdtsc() + LINK_PATIENCE_S * rte_get_tsc_hz();

	do {
		look_at_link(port, rte_rdtsc());
		if (port->area->link_up)
			return;
		rte_delay_us_sleep(LINK_LOOK_US);
	} while (rte_rdtsc() < give_up);
}

/*
 * Opens `name` on `bus` ("vdev" or "pci"). `mtu` 0 takes the device's own; `mac` as 12 hexadecimal digits,
 * all zero for the device's own. Returns the port's number.
 */
int port_open(const char *bus, const char *name, const char *arguments, int mtu, int buffers, const char *mac,
	      int flags)
{
	struct port *port = claim_port();
	uint8_t address[6] = {0};
	int result;

	if (port == NULL)
		return fail("this process has %d devices open, which is the most", MAX_PORTS);
	if (strcmp(name, "net_memif") == 0)
		memif_take_barriers();
	/* Packet buffers come out of a cache then, without a lock. */
	if (rte_lcore_id() == LCORE_ID_ANY)
		rte_thread_register();
	for (int i = 0; i < 6; i++)
		sscanf(mac + 2 * i, "%2hhx", &address[i]);
	port->flags = flags;
	port->wake_fd = -1;
	memif_forget_ring(port);
	port->us_per_cycle = 1e6 / (double)rte_get_tsc_hz();
	port->look_every = rte_get_tsc_hz() / (flags & RECONNECTS ? 1000 : 100);
	port->retry_every = rte_get_tsc_hz() / 50;
	port->patience = rte_get_tsc_hz() / 5;
	snprintf(port->bus, sizeof(port->bus), "%s", bus);
	/* Virtual devices are numbered; a number is used once, also when the device is gone. */
	if (strcmp(bus, "vdev") == 0)
		snprintf(port->name, sizeof(port->name), "%s%d", name, atomic_fetch_add(&virtual_devices, 1));
	else
		snprintf(port->name, sizeof(port->name), "%s", name);
	gate_lock();
	result = bring_up(port, arguments, mtu, buffers, address);
	gate_unlock();
	if (result < 0) {
		close_port(port);
		return -1;
	}
	if (flags & HARDWARE)
		wait_for_link(port);
	port->area->now_us = (double)rte_rdtsc() * port->us_per_cycle;
	lend_buffers(port);
	return (int)(port - ports);
}

double port_area(int number)
{
	return (double)(uintptr_t)ports[number].area;
}

int port_area_bytes(int number)
{
	return (int)ports[number].area_bytes;
}

/* Writes from now on when bursts enter and leave the device: to a struct device_times; 0 for nowhere. */
void port_set_device_times(int number, uintptr_t address)
{
	ports[number].device_times = (struct device_times *)address;
}

void port_close(int number)
{
	close_port(&ports[number]);
}

/* Brings the counters that the device keeps into the area. */
void port_read_device_counters(int number)
{
	struct rte_eth_stats stats;
	double *counters = ports[number].area->counters;

	if (rte_eth_stats_get(ports[number].id, &stats) != 0)
		return;
	counters[COUNT_device_rx_missed] = (double)stats.imissed;
	counters[COUNT_device_rx_no_buffer] = (double)stats.rx_nombuf;
	counters[COUNT_device_rx_errors] = (double)stats.ierrors;
	counters[COUNT_device_tx_errors] = (double)stats.oerrors;
}

/* Connects again once the peer is gone for good: net_memif does not do so itself. */
static void reconnect(struct port *port, uint64_t now)
{
	if (!(port->flags & RECONNECTS) || now < port->retry_at)
		return;
	gate_lock();
	if (port->started)
		rte_eth_dev_stop(port->id);
	port->started = false;
	memif_forget_ring(port);
	rte_pktmbuf_free_bulk(port->early, (unsigned int)port->early_count);
	port->early_count = 0;
	start(port);
	gate_unlock();
}

void look_at_link(struct port *port, uint64_t now)
{
	struct rte_eth_link link = {0};
	struct area *area = port->area;

	int passages = atomic_load(&gate_passages);

	port->look_at = now + port->look_every;
	/* A peer that still talks is given time to make the connection. */
	if (passages != port->passages)
		port->retry_at = now + port->patience;
	port->passages = passages;
	if (port->started)
		rte_eth_link_get_nowait(port->id, &link);
	if (link.link_status != area->link_up) {
		area->link_up = link.link_status;
		area->counters[area->link_up ? COUNT_link_ups : COUNT_link_downs]++;
		port->retry_at = now;
	}
	if (!area->link_up) {
		discard_pending(port);
		reconnect(port, now);
	}
}
