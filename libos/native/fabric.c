/* Endpoints of libfabric: which provider there is for one, their memory, their peers. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rdma/fi_cm.h>
#include <rdma/fi_errno.h>

#include "fabric.h"

struct endpoint *endpoints[MAX_ENDPOINTS];

static _Thread_local char error[1024];

__attribute__((format(printf, 1, 2))) int fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, sizeof(error), format, arguments);
	va_end(arguments);
	return -1;
}

EXPORT const char *fabric_error(void)
{
	return error;
}

EXPORT const char *fabric_error_text(int number)
{
	return fi_strerror(number);
}

EXPORT const char *fabric_version(void)
{
	static char text[32];
	uint32_t version = fi_version();

	snprintf(text, sizeof(text), "%u.%u", FI_MAJOR(version), FI_MINOR(version));
	return text;
}

EXPORT const char *fabric_counter_names(void)
{
	return COUNTERS(COUNTER_NAME);
}

/* More receives of shm than this end libfabric 1.17 with a segmentation fault. */
enum { LEAST_SHM_RECEIVES = 4096, MOST_SHM_RECEIVES = 32768 };

/*
 * No endpoint of shm has fewer: its region is a power of two of bytes long, the same for all of these, and libfabric
 * fills with zeros what is left of it, which takes 4.5 ms for 64 receives and half of that for so many.
 */
enum { CHEAPEST_SHM_RECEIVES = 1024 };

/* The least that is no less than `count`. */
static int power_of_two(int count)
{
	int size = 1;

	while (size < count)
		size *= 2;
	return size;
}

/* shm reads how many receives it may have when it is first asked for anything: enough for so many. */
static void set_shm_receives(int receives)
{
	char text[16];
	int size = receives < LEAST_SHM_RECEIVES  ? LEAST_SHM_RECEIVES
		   : receives > MOST_SHM_RECEIVES ? MOST_SHM_RECEIVES
						  : power_of_two(receives);

	snprintf(text, sizeof(text), "%d", size);
	setenv("FI_SHM_RX_SIZE", text, 0);
}

/*
 * What providers read from the environment when they are first asked; what the user has set stays.
 * FI_UNIVERSE_SIZE, the number of peers that ofi_rxm sizes its completion queue for, is 256 by default: more
 * than small devices hold. And ofi_rxm is to send messages of our size at once, not to ask first (16 KiB, its
 * default, is just too little for a full buffer and its headers).
 */
static void set_defaults(void)
{
	set_shm_receives(LEAST_SHM_RECEIVES);
	setenv("FI_SHM_TX_SIZE", "4096", 0);
	setenv("FI_UNIVERSE_SIZE", "4", 0);
	setenv("FI_OFI_RXM_BUFFER_SIZE", "20480", 0);
}

static const int handled_signals[] = {SIGBUS, SIGSEGV, SIGTERM, SIGINT};
enum { HANDLED_SIGNALS = sizeof(handled_signals) / sizeof(handled_signals[0]) };

/* The shm provider takes over the signals that end our process; they stay ours. */
static int get_info(const char *node, uint64_t flags, const struct fi_info *hints, struct fi_info **info)
{
	struct sigaction before[HANDLED_SIGNALS];
	int result;

	set_defaults();
	for (int i = 0; i < HANDLED_SIGNALS; i++)
		sigaction(handled_signals[i], NULL, &before[i]);
	result = fi_getinfo(FI_VERSION(1, 17), node, NULL, flags, hints, info);
	for (int i = 0; i < HANDLED_SIGNALS; i++)
		sigaction(handled_signals[i], &before[i], NULL);
	return result;
}

static char *copy_unless_empty(const char *text)
{
	return *text == '\0' ? NULL : strdup(text);
}

/* What we need of an endpoint, or NULL. */
static struct fi_info *needs(const char *provider, const char *device)
{
	struct fi_info *hints = fi_allocinfo();

	if (hints == NULL)
		return NULL;
	hints->ep_attr->type = FI_EP_RDM;
	hints->caps = FI_MSG | FI_SEND | FI_RECV;
	hints->mode = FI_CONTEXT | FI_CONTEXT2;
	hints->tx_attr->msg_order = FI_ORDER_SAS;
	hints->rx_attr->msg_order = FI_ORDER_SAS;
	hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
	hints->domain_attr->threading = FI_THREAD_DOMAIN;
	hints->domain_attr->resource_mgmt = FI_RM_ENABLED;
	hints->fabric_attr->prov_name = copy_unless_empty(provider);
	hints->domain_attr->name = copy_unless_empty(device);
	return hints;
}

static bool exists(const struct fi_info *hints)
{
	struct fi_info *info = NULL;
	bool found = get_info(NULL, 0, hints, &info) == 0;

	if (found)
		fi_freeinfo(info);
	return found;
}

/* Leaves in the list only what is on `device`: some layered providers do not look at that themselves. */
static struct fi_info *only_on(const char *device, struct fi_info *list)
{
	struct fi_info **at = &list;

	while (*device != '\0' && *at != NULL) {
		struct fi_info *one = *at;

		if (strcmp(one->domain_attr->name, device) == 0) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		one->next = NULL;
		fi_freeinfo(one);
	}
	return list;
}

static bool is_shm(const char *provider)
{
	return strcmp(provider, "shm") == 0;
}

void set_name(struct fi_info *info, const char *name, int receives)
{
	char *address;

	/* What it needs of shared memory goes by these. */
	if (receives < CHEAPEST_SHM_RECEIVES)
		receives = CHEAPEST_SHM_RECEIVES;
	if ((size_t)receives < info->rx_attr->size)
		info->rx_attr->size = (size_t)power_of_two(receives);
	if (asprintf(&address, "fi_shm://%s", name) < 0)
		return;
	free(info->src_addr);
	info->src_addr = address;
	info->src_addrlen = strlen(address) + 1;
}

/* Why there is no endpoint: what is asked for is taken away, until something is there. */
static int explain_absence(const char *provider, const char *device, const char *node)
{
	struct fi_info *hints = needs(provider, "");
	int result;

	if (hints == NULL)
		return fail("out of memory");
	if (exists(hints)) {
		if (*device != '\0')
			result = fail("provider %s is here, but has no device %s%s%s", provider, device,
				      *node != '\0' ? " at the address " : "", node);
		else
			result = fail("provider %s is here, but not at the address %s", provider, node);
	} else {
		hints->tx_attr->msg_order = hints->rx_attr->msg_order = 0;
		hints->ep_attr->type = FI_EP_UNSPEC;
		hints->caps = 0;
		if (exists(hints))
			result = fail(
				"provider %s is here, but has no reliable datagrams that keep their order "
				"(FI_EP_RDM, FI_ORDER_SAS)",
				provider);
		else
			result = fail("libfabric has no provider %s on this machine", provider);
	}
	fi_freeinfo(hints);
	return result;
}

/* A line for each endpoint that would do, of all providers: provider, device, fabric, limits. */
EXPORT const char *fabric_list(void)
{
	static char text[65536];
	struct fi_info *hints = needs("", ""), *info = NULL;
	size_t length = 0;

	text[0] = '\0';
	if (hints == NULL || get_info(NULL, 0, hints, &info) != 0)
		info = NULL;
	for (const struct fi_info *one = info; one != NULL && length + 512 < sizeof(text); one = one->next) {
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s\t%s\t%s\t%zu\t%zu\t%zu\n", one->fabric_attr->prov_name,
					   one->domain_attr->name, one->fabric_attr->name,
					   one->tx_attr->inject_size, one->rx_attr->size, one->tx_attr->size);
	}
	if (info != NULL)
		fi_freeinfo(info);
	if (hints != NULL)
		fi_freeinfo(hints);
	return text;
}

static int failed(struct endpoint *endpoint, const char *what, int result)
{
	return fail("provider %s cannot %s: %s", endpoint->info->fabric_attr->prov_name, what,
		    fi_strerror(-result));
}

/* With a file that completions make readable, if that is wanted and the provider has such files. */
static int open_queue(struct endpoint *endpoint, bool wakes)
{
	struct fi_cq_attr attributes = {
		.format = FI_CQ_FORMAT_MSG,
		.wait_obj = wakes ? FI_WAIT_FD : FI_WAIT_NONE,
		.size = (size_t)endpoint->area->rx_limit + (size_t)endpoint->area->tx_limit,
	};
	int result = fi_cq_open(endpoint->domain, &attributes, &endpoint->cq, NULL);

	if (result != 0 && wakes)
		return open_queue(endpoint, false);
	if (result == 0 && wakes && fi_control(&endpoint->cq->fid, FI_GETWAIT, &endpoint->wait_fd) != 0)
		endpoint->wait_fd = -1;
	endpoint->area->wakes = endpoint->wait_fd >= 0;
	return result;
}

static int open_objects(struct endpoint *endpoint, bool wakes)
{
	struct fi_info *info = endpoint->info;
	struct fi_av_attr av = {.type = FI_AV_UNSPEC, .count = 64};
	int result;

	if ((result = fi_fabric(info->fabric_attr, &endpoint->fabric, NULL)) != 0)
		return failed(endpoint, "open its fabric", result);
	if ((result = fi_domain(endpoint->fabric, info, &endpoint->domain, NULL)) != 0)
		return failed(endpoint, "open its device", result);
	if ((result = fi_av_open(endpoint->domain, &av, &endpoint->av, NULL)) != 0)
		return failed(endpoint, "make a table of addresses", result);
	if ((result = open_queue(endpoint, wakes)) != 0)
		return failed(endpoint, "make a completion queue", result);
	if ((result = fi_endpoint(endpoint->domain, info, &endpoint->ep, NULL)) != 0 ||
	    (result = fi_ep_bind(endpoint->ep, &endpoint->av->fid, 0)) != 0 ||
	    (result = fi_ep_bind(endpoint->ep, &endpoint->cq->fid, FI_TRANSMIT | FI_RECV)) != 0 ||
	    (result = fi_enable(endpoint->ep)) != 0)
		return failed(endpoint, "make an endpoint", result);
	return 0;
}

static int register_memory(struct endpoint *endpoint, void *bytes, size_t length, struct fid_mr **region)
{
	int result = fi_mr_reg(endpoint->domain, bytes, length, FI_SEND | FI_RECV, 0, 0, 0, region, NULL);

	if (result == 0)
		return 0;
	return fail("%zu bytes cannot be registered with the device: %s", length, fi_strerror(-result));
}

static int read_address(struct endpoint *endpoint)
{
	size_t length = ADDRESS_BYTES;
	int result = fi_getname(&endpoint->ep->fid, endpoint->area->address, &length);

	if (result != 0 || length > ADDRESS_BYTES)
		return failed(endpoint, "tell its address", result);
	endpoint->area->address_length = (int32_t)length;
	return 0;
}

static int create_tables(struct endpoint *endpoint, int receives)
{
	endpoint->area_bytes = sizeof(struct area) + (size_t)receives * sizeof(int32_t);
	endpoint->area =
		mmap(NULL, endpoint->area_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (endpoint->area == MAP_FAILED) {
		endpoint->area = NULL;
		return fail("out of memory");
	}
	endpoint->sends = calloc(MAX_SENDS, sizeof(struct send));
	endpoint->receives = calloc((size_t)receives, sizeof(struct receive));
	return endpoint->sends == NULL || endpoint->receives == NULL ? fail("out of memory") : 0;
}

static void note_limits(struct endpoint *endpoint, int receives)
{
	const struct fi_info *info = endpoint->info;
	struct area *area = endpoint->area;
	size_t inject = info->tx_attr->inject_size < MAX_INJECT ? info->tx_attr->inject_size : MAX_INJECT;

	area->rx_limit = info->rx_attr->size < (size_t)receives ? (int32_t)info->rx_attr->size : receives;
	area->tx_limit = info->tx_attr->size < MAX_SENDS ? (int32_t)info->tx_attr->size : MAX_SENDS;
	area->inject_bytes = (int32_t)inject;
	area->max_message_bytes =
		info->ep_attr->max_msg_size < INT32_MAX ? (int32_t)info->ep_attr->max_msg_size : INT32_MAX;
	area->max_pieces =
		info->tx_attr->iov_limit <= MAX_PIECES ? (int32_t)info->tx_attr->iov_limit - 1 : MAX_PIECES;
	area->registers = (info->domain_attr->mr_mode & FI_MR_LOCAL) != 0;
}

EXPORT void fabric_close(int number);

static int open_on(struct endpoint *endpoint, int receives, bool wakes)
{
	if (create_tables(endpoint, receives) < 0)
		return -1;
	note_limits(endpoint, receives);
	if (endpoint->area->max_pieces < 1)
		return fail(
			"provider %s cannot send a header and what follows it from two places (iov_limit)",
			endpoint->info->fabric_attr->prov_name);
	if (open_objects(endpoint, wakes) < 0 || read_address(endpoint) < 0)
		return -1;
	if (!endpoint->area->registers)
		return 0;
	if (register_memory(endpoint, endpoint->sends, MAX_SENDS * sizeof(struct send),
			    &endpoint->sends_region) < 0)
		return -1;
	endpoint->sends_descriptor = fi_mr_desc(endpoint->sends_region);
	return 0;
}

static int take_number(struct endpoint *endpoint)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int number = 0;

	pthread_mutex_lock(&lock);
	while (number < MAX_ENDPOINTS && endpoints[number] != NULL)
		number++;
	if (number < MAX_ENDPOINTS)
		endpoints[number] = endpoint;
	pthread_mutex_unlock(&lock);
	if (number < MAX_ENDPOINTS)
		return number;
	fi_freeinfo(endpoint->info);
	free(endpoint);
	return fail("this process has %d endpoints already", MAX_ENDPOINTS);
}

int open_endpoint(struct fi_info *info, int receives, uint32_t receive_bytes, bool wakes)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	int number;

	if (endpoint == NULL) {
		fi_freeinfo(info);
		return fail("out of memory");
	}
	endpoint->info = info;
	endpoint->receive_bytes = receive_bytes;
	endpoint->wait_fd = -1;
	endpoint->leaves = is_shm(info->fabric_attr->prov_name);
	endpoint->watch = watch_this_thread();
	if (endpoint->watch == NULL) {
		fi_freeinfo(info);
		free(endpoint);
		return fail("there can be no watchdog: no thread or no signal for it");
	}
	number = take_number(endpoint);
	if (number >= 0 && open_on(endpoint, receives, wakes) < 0) {
		fabric_close(number);
		return -1;
	}
	return number;
}

/*
 * Opens an endpoint of `provider`, on `device` and with `node` as its own address (of verbs and tcp the IPv4
 * address of an interface, of shm a name) unless these are empty, for at most `receives` receives of
 * `receive_bytes` each. `wakes`: for a thread that will sleep. Returns its number.
 */
EXPORT int fabric_open(const char *provider, const char *device, const char *node, int receives,
		       int receive_bytes, int wakes)
{
	const bool named = is_shm(provider);
	const bool anywhere = named || *node == '\0';
	struct fi_info *hints = needs(provider, device), *info = NULL;

	if (hints == NULL)
		return fail("out of memory");
	set_shm_receives(receives);
	if (get_info(anywhere ? NULL : node, anywhere ? 0 : FI_SOURCE, hints, &info) != 0)
		info = NULL;
	fi_freeinfo(hints);
	info = only_on(device, info);
	if (info == NULL)
		return explain_absence(provider, device, node);
	if (named)
		set_name(info, node, receives);
	return open_endpoint(info, receives, (uint32_t)receive_bytes, wakes != 0);
}

EXPORT double fabric_area(int number)
{
	return (double)(uintptr_t)endpoints[number]->area;
}

EXPORT int fabric_area_bytes(int number)
{
	return (int)endpoints[number]->area_bytes;
}

/* Writes from now on when messages enter and leave the provider: to a struct device_times; 0 for nowhere. */
EXPORT void fabric_set_device_times(int number, uintptr_t address)
{
	endpoints[number]->device_times = (struct device_times *)address;
}

/* What the provider calls itself. */
EXPORT const char *fabric_provider(int number)
{
	return endpoints[number]->info->fabric_attr->prov_name;
}

EXPORT const char *fabric_device(int number)
{
	return endpoints[number]->info->domain_attr->name;
}

/* Makes memory known to the device where it must be. Returns the slab's number. */
EXPORT int fabric_register(int number, double address, double bytes)
{
	struct endpoint *endpoint = endpoints[number];
	int slab = endpoint->slab_count;

	if (slab == MAX_SLABS)
		return fail("%d slabs of memory are registered already", MAX_SLABS);
	if (endpoint->area->registers &&
	    register_memory(endpoint, (void *)(uintptr_t)address, (size_t)bytes, &endpoint->slabs[slab]) < 0)
		return -1;
	endpoint->slab_count++;
	return slab;
}

/* Makes `count` receives of the slab, whose buffers lie `stride` bytes apart. Returns the first's number. */
EXPORT int fabric_add_receives(int number, int slab, double address, int count, int stride)
{
	struct endpoint *endpoint = endpoints[number];
	int first = endpoint->receive_count;
	void *descriptor = endpoint->slabs[slab] == NULL ? NULL : fi_mr_desc(endpoint->slabs[slab]);

	for (int i = 0; i < count; i++) {
		struct receive *receive = &endpoint->receives[first + i];

		receive->bytes = (uint8_t *)(uintptr_t)address + (size_t)i * (size_t)stride;
		receive->descriptor = descriptor;
	}
	endpoint->receive_count += count;
	return first;
}

/* Into the table of addresses. Returns whether the provider took it. */
static bool insert_peer(struct endpoint *endpoint, const uint8_t *address, int peer)
{
	bool taken;

	if (endpoint->leaves && sigsetjmp(endpoint->watch->out, 0) != 0)
		return lose(endpoint);
	watch_enter(endpoint->watch, "fi_av_insert", 0, endpoint->leaves);
	taken = fi_av_insert(endpoint->av, address, 1, &endpoint->peers[peer], 0, NULL) == 1;
	watch_leave(endpoint->watch);
	return taken;
}

/*
 * Makes the peer known whose address, of that many bytes, stands in the area, and whose process is `process`, or 0.
 * Returns its number.
 */
EXPORT int fabric_add_peer(int number, const uint8_t *address, int process)
{
	struct endpoint *endpoint = endpoints[number];
	int peer = 0;

	if (endpoint->area->lost)
		return fail("the endpoint is lost");
	while (peer < MAX_PEERS && endpoint->peer_known[peer])
		peer++;
	if (peer == MAX_PEERS)
		return fail("%d peers are known already", MAX_PEERS);
	endpoint->peer_process = process;
	if (endpoint->leaves)
		snprintf(endpoint->peer_name, sizeof(endpoint->peer_name), "%s",
			 name_in_address((const char *)address));
	if (!insert_peer(endpoint, address, peer))
		return fail("the provider does not know what to do with the peer's address");
	endpoint->peer_known[peer] = true;
	return peer;
}

EXPORT void fabric_remove_peer(int number, int peer)
{
	struct endpoint *endpoint = endpoints[number];

	if (!endpoint->peer_known[peer] || endpoint->area->lost)
		return;
	endpoint->peer_known[peer] = false;
	if (endpoint->leaves && sigsetjmp(endpoint->watch->out, 0) != 0) {
		lose(endpoints[number]);
		return;
	}
	watch_enter(endpoint->watch, "fi_av_remove", 0, endpoint->leaves);
	fi_av_remove(endpoint->av, &endpoint->peers[peer], 1, 0);
	watch_leave(endpoint->watch);
}

static void close_object(void *object)
{
	if (object != NULL)
		fi_close(object);
}

static void close_objects(struct endpoint *endpoint)
{
	if (endpoint->leaves && sigsetjmp(endpoint->watch->out, 0) != 0) {
		lose(endpoint);
		return;
	}
	watch_enter(endpoint->watch, "fi_close", 0, endpoint->leaves);
	close_object(endpoint->ep);
	close_object(endpoint->sends_region);
	for (int i = 0; i < endpoint->slab_count; i++)
		close_object(endpoint->slabs[i]);
	close_object(endpoint->cq);
	close_object(endpoint->av);
	close_object(endpoint->domain);
	close_object(endpoint->fabric);
	watch_leave(endpoint->watch);
}

EXPORT void fabric_close(int number)
{
	struct endpoint *endpoint = endpoints[number];

	if (!endpoint->stuck)
		close_objects(endpoint);
	if (endpoint->stuck)
		bury(endpoint);
	fi_freeinfo(endpoint->info);
	if (endpoint->area != NULL)
		munmap(endpoint->area, endpoint->area_bytes);
	free(endpoint->sends);
	free(endpoint->receives);
	free(endpoint);
	endpoints[number] = NULL;
}
