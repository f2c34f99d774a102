/* The type of connection that Redis is given: it reads from the inputs of a turn and writes to lent blocks. */
#include "inside.h"
#include "connhelpers.h"

struct port_connection {
	connection base;
	int slot;
	/* What is left of the input that is being run. */
	const char *unread;
	size_t unread_bytes;
	/* Input that came while Redis did not read: a copy, and how much of it is read. NULL ordinarily. */
	sds kept;
	size_t kept_read;
	bool ended;
	bool failed;
	/*
	 * Written when no block was free: it goes out before anything else. Some of what Redis writes by itself, such
	 * as its first reply to a replica, it writes once, since a socket always has room for it. NULL ordinarily.
	 */
	sds owed;
	struct last_output last_output;
	/* Its places among those whose output waits for room, and whose input waits for Redis; NULL for none. */
	listNode *waiting;
	listNode *held;
	char peer[NET_IP_STR_LEN];
	char local[NET_IP_STR_LEN];
	int peer_port;
	int local_port;
};

/* The debugger of scripts reads and writes by itself: the head of its state (eval.c). */
extern struct {
	connection *conn;
	int active;
	int forked;
} ldb;

/* As the debugger asks of a socket (eval.c). */
enum { DEBUGGER_SEND_TIMEOUT_MS = 5000 };

/* What a connection may owe. Longer than any that Redis writes once. */
enum { OWED_MAX = 1024 };

static struct port_connection *by_slot[RP_SLOTS];
static struct port_connection *being_accepted;
static list *waiting, *held;

void init_connections(void)
{
	waiting = listCreate();
	held = listCreate();
}

static listNode *enter(list *of, struct port_connection *c)
{
	listAddNodeTail(of, c);
	return listLast(of);
}

static void wait_for_room(struct port_connection *c)
{
	if (c->waiting != NULL)
		return;
	c->waiting = enter(waiting, c);
	shared_area.waiting++;
}

static void stop_waiting(struct port_connection *c)
{
	if (c->waiting == NULL)
		return;
	listDelNode(waiting, c->waiting);
	c->waiting = NULL;
	shared_area.waiting--;
}

static void stop_holding(struct port_connection *c)
{
	if (c->held == NULL)
		return;
	listDelNode(held, c->held);
	c->held = NULL;
	shared_area.holding[c->slot] = 0;
}

static bool owes(struct port_connection *c)
{
	return c->owed != NULL && !send_owed(c->slot, &c->last_output, &c->owed);
}

static void port_close(connection *conn)
{
	struct port_connection *c = (struct port_connection *)conn;
	if (c->slot >= 0) {
		stop_waiting(c);
		stop_holding(c);
		by_slot[c->slot] = NULL;
		if (!c->failed && owes(c)) {
			close_slot_when_sent(c->slot, &c->last_output, c->owed);
		} else {
			sdsfree(c->owed);
			close_slot(c->slot);
		}
		c->owed = NULL;
		c->slot = -1;
		conn->fd = -1;
	}
	/* As for sockets: from within a handler, the memory goes when the handler has returned. */
	if (connHasRefs(conn)) {
		conn->flags |= CONN_FLAG_CLOSE_SCHEDULED;
		return;
	}
	sdsfree(c->kept);
	zfree(c);
}

static int fail(connection *conn, int error)
{
	conn->last_errno = error;
	if (conn->state == CONN_STATE_CONNECTED)
		conn->state = CONN_STATE_ERROR;
	errno = error;
	return -1;
}

static bool has_input(const struct port_connection *c)
{
	return c->unread_bytes > 0 || c->kept != NULL || c->ended || c->failed;
}

static int read_kept(struct port_connection *c, void *buffer, size_t bytes)
{
	size_t left = sdslen(c->kept) - c->kept_read;
	size_t taken = bytes < left ? bytes : left;
	memcpy(buffer, c->kept + c->kept_read, taken);
	c->kept_read += taken;
	if (taken == left) {
		sdsfree(c->kept);
		c->kept = NULL;
	}
	return (int)taken;
}

bool is_debugging(void)
{
	return ldb.active;
}

bool may_be_debugged_apart(void)
{
	return ldb.conn->fd < RP_FIRST_FD;
}

/* The debugger takes its connection for a blocking socket. */
static bool blocks(const connection *conn)
{
	return ldb.active && ldb.conn == conn;
}

static int port_read(connection *conn, void *buffer, size_t bytes)
{
	struct port_connection *c = (struct port_connection *)conn;
	while (!has_input(c) && blocks(conn)) {
		if (!look_at_network())
			return fail(conn, ETIMEDOUT);
	}
	if (c->kept != NULL)
		return read_kept(c, buffer, bytes);
	if (c->unread_bytes > 0) {
		size_t taken = bytes < c->unread_bytes ? bytes : c->unread_bytes;
		memcpy(buffer, c->unread, taken);
		c->unread += taken;
		c->unread_bytes -= taken;
		return (int)taken;
	}
	if (c->failed)
		return fail(conn, ECONNRESET);
	if (c->ended) {
		conn->state = CONN_STATE_CLOSED;
		return 0;
	}
	errno = EAGAIN;
	return -1;
}

static int port_writev(connection *conn, const struct iovec *parts, int count)
{
	struct port_connection *c = (struct port_connection *)conn;
	size_t written = 0;
	if (c->failed || c->slot < 0)
		return fail(conn, EPIPE);
	for (int i = 0; i < count && !owes(c); i++) {
		size_t part = append_output(c->slot, &c->last_output, parts[i].iov_base, parts[i].iov_len);
		written += part;
		if (part < parts[i].iov_len)
			break;
	}
	if (written > 0)
		return (int)written;
	errno = EAGAIN;
	return -1;
}

/* As a blocking socket does. */
static int write_waiting(struct port_connection *c, const char *bytes, size_t length, size_t done)
{
	mstime_t until = mstime() + DEBUGGER_SEND_TIMEOUT_MS;
	while (done < length && !c->ended && !c->failed && mstime() < until && look_at_network()) {
		struct iovec part = { .iov_base = (char *)bytes + done, .iov_len = length - done };
		int written = port_writev(&c->base, &part, 1);
		done += written > 0 ? (size_t)written : 0;
	}
	return done > 0 ? (int)done : -1;
}

static int port_write(connection *conn, const void *bytes, size_t length)
{
	struct port_connection *c = (struct port_connection *)conn;
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };
	int written = port_writev(conn, &part, 1);
	size_t done = written > 0 ? (size_t)written : 0;
	if (blocks(conn))
		return write_waiting(c, bytes, length, done);
	if (done == length || c->failed || c->slot < 0)
		return written;
	bool may_send_more = shared_area.unsent[c->slot] < RP_UNSENT_MAX;
	if (c->owed != NULL || !may_send_more || length - done > OWED_MAX)
		return written;
	c->owed = sdsnewlen((const char *)bytes + done, length - done);
	wait_for_room(c);
	return (int)length;
}

static int port_accept(connection *conn, ConnectionCallbackFunc handler)
{
	if (conn->state != CONN_STATE_ACCEPTING)
		return C_ERR;
	conn->state = CONN_STATE_CONNECTED;
	connIncrRefs(conn);
	int result = callHandler(conn, handler) ? C_OK : C_ERR;
	connDecrRefs(conn);
	return result;
}

/*
 * The barrier (no writing behind reading, before the append-only file is synced) always holds: outputs are continued
 * behind a sync, and beforeSleep() syncs before it writes.
 */
static int port_set_write_handler(connection *conn, ConnectionCallbackFunc handler, int barrier)
{
	struct port_connection *c = (struct port_connection *)conn;
	UNUSED(barrier);
	conn->write_handler = handler;
	if (c->slot < 0)
		return C_OK;
	if (handler != NULL)
		wait_for_room(c);
	else if (c->owed == NULL)
		stop_waiting(c);
	return C_OK;
}

static int port_set_read_handler(connection *conn, ConnectionCallbackFunc handler)
{
	conn->read_handler = handler;
	return C_OK;
}

static const char *port_last_error(connection *conn)
{
	return strerror(conn->last_errno);
}

/* Links to a master are made with sockets: nobody waits for one of these connections. */
static ssize_t port_sync(connection *conn, char *bytes, ssize_t size, long long timeout)
{
	UNUSED(bytes);
	UNUSED(size);
	UNUSED(timeout);
	return fail(conn, EOPNOTSUPP);
}

static int port_type(connection *conn)
{
	UNUSED(conn);
	return CONN_TYPE_SOCKET;
}

static ConnectionType port_connection_type = {
	.read = port_read,
	.write = port_write,
	.writev = port_writev,
	.close = port_close,
	.accept = port_accept,
	.set_write_handler = port_set_write_handler,
	.set_read_handler = port_set_read_handler,
	.get_last_error = port_last_error,
	.sync_write = port_sync,
	.sync_read = port_sync,
	.sync_readline = port_sync,
	.get_type = port_type,
};

/* Calls Redis' handler for as long as it reads. False: the connection is gone. */
static bool run_handler(struct port_connection *c)
{
	int slot = c->slot;
	do {
		if (!callHandler(&c->base, c->base.read_handler) || by_slot[slot] != c)
			return false;
	} while (c->base.read_handler != NULL && (c->unread_bytes > 0 || c->kept != NULL));
	return true;
}

/* Redis does not read from it now, as from the client of a long script: its input waits. */
static void hold(struct port_connection *c)
{
	if (c->unread_bytes > 0) {
		if (c->kept == NULL) {
			c->kept = sdsempty();
			c->kept_read = 0;
		}
		c->kept = sdscatlen(c->kept, c->unread, c->unread_bytes);
		c->unread_bytes = 0;
	}
	if (c->held == NULL)
		c->held = enter(held, c);
	shared_area.holding[c->slot] = 1;
}

/* Nobody's requests run in the middle of those of the same connection, or of a script that is debugged. */
static bool is_readable(struct port_connection *c)
{
	return c->base.read_handler != NULL && !connHasRefs(&c->base) && !ldb.active;
}

unsigned long inputs_run;

void run_input(const struct rp_input *input)
{
	inputs_run++;
	struct port_connection *c = by_slot[input->slot];
	if (c == NULL)
		return;
	/* In the middle of a long command of this connection, of whose input there is more: that comes first. */
	if (c->unread_bytes > 0)
		hold(c);
	if (input->kind == RP_END)
		c->ended = true;
	else if (input->kind == RP_RESET)
		c->failed = true;
	c->unread = (const char *)(uintptr_t)input->address;
	c->unread_bytes = (size_t)input->length;
	/* Redis drops what it has not sent when it reads the end. */
	bool waits = !is_readable(c) || (input->kind == RP_END && is_gathering());
	if (waits || (run_handler(c) && c->unread_bytes > 0))
		hold(c);
}

void continue_inputs(void)
{
	for (unsigned long left = listLength(held); left > 0 && listLength(held) > 0; left--) {
		struct port_connection *c = listNodeValue(listFirst(held));
		listRotateHeadToTail(held);
		bool had_data = c->kept != NULL;
		/* The debugger reads by itself. */
		if (!blocks(&c->base) && (!is_readable(c) || !run_handler(c)))
			continue;
		/* Its end, or its failure, lies behind all that it sent, and behind the answers: the next turn reads it. */
		bool is_left = c->kept != NULL || (had_data && (c->ended || c->failed));
		if (!is_left && put_output(RP_RESUME, c->slot))
			stop_holding(c);
	}
}

void continue_outputs(void)
{
	shared_area.room = 0;
	continue_farewells();
	if (listLength(waiting) == 0)
		return;
	/* A reply may wait for what it tells of to be synced: what Redis ran beside its turns was not synced yet. */
	if (server.aof_state == AOF_ON || server.aof_state == AOF_WAIT_REWRITE)
		flushAppendOnlyFile(0);
	for (unsigned long left = listLength(waiting); left > 0 && listLength(waiting) > 0; left--) {
		if (shared_area.blocks == 0)
			return;
		struct port_connection *c = listNodeValue(listFirst(waiting));
		listRotateHeadToTail(waiting);
		if (shared_area.unsent[c->slot] >= RP_UNSENT_MAX / 2 || owes(c))
			continue;
		if (c->base.write_handler == NULL)
			stop_waiting(c);
		else
			callHandler(&c->base, c->base.write_handler);
	}
}

/* Accepting */

static void copy_text(char *to, size_t bytes, const char *from)
{
	snprintf(to, bytes, "%s", from);
}

void accept_connection(int slot, const char *peer, int peer_port, const char *local, int local_port)
{
	struct port_connection *c = zcalloc(sizeof(*c));
	c->base.type = &port_connection_type;
	c->base.state = CONN_STATE_ACCEPTING;
	c->base.fd = RP_FIRST_FD + slot;
	c->slot = slot;
	c->peer_port = peer_port;
	c->local_port = local_port;
	copy_text(c->peer, sizeof(c->peer), peer);
	copy_text(c->local, sizeof(c->local), local);
	by_slot[slot] = c;
	shared_area.unsent[slot] = 0;
	being_accepted = c;
	acceptTcpHandler(server.el, RP_LISTENING_FD, NULL, AE_READABLE);
}

int __real_anetTcpAccept(char *error, int listener, char *ip, size_t ip_bytes, int *port);

int __wrap_anetTcpAccept(char *error, int listener, char *ip, size_t ip_bytes, int *port)
{
	if (listener != RP_LISTENING_FD)
		return __real_anetTcpAccept(error, listener, ip, ip_bytes, port);
	if (being_accepted == NULL) {
		errno = EWOULDBLOCK;
		return ANET_ERR;
	}
	copy_text(ip, ip_bytes, being_accepted->peer);
	*port = being_accepted->peer_port;
	return being_accepted->base.fd;
}

connection *__real_connCreateAcceptedSocket(int fd);

connection *__wrap_connCreateAcceptedSocket(int fd)
{
	if (fd < RP_FIRST_FD)
		return __real_connCreateAcceptedSocket(fd);
	struct port_connection *c = being_accepted;
	being_accepted = NULL;
	return &c->base;
}

/* Addresses */

int __real_anetFdToString(int fd, char *ip, size_t ip_bytes, int *port, int which);

int __wrap_anetFdToString(int fd, char *ip, size_t ip_bytes, int *port, int which)
{
	struct port_connection *c = fd < RP_FIRST_FD ? NULL : by_slot[fd - RP_FIRST_FD];
	if (c == NULL)
		return __real_anetFdToString(fd, ip, ip_bytes, port, which);
	bool is_peer = which == FD_TO_PEER_NAME;
	if (ip != NULL)
		copy_text(ip, ip_bytes, is_peer ? c->peer : c->local);
	if (port != NULL)
		*port = is_peer ? c->peer_port : c->local_port;
	return 0;
}

int __wrap_anetFormatFdAddr(int fd, char *buffer, size_t bytes, int which)
{
	char ip[NET_IP_STR_LEN] = "";
	int port = 0;
	__wrap_anetFdToString(fd, ip, sizeof(ip), &port, which);
	return anetFormatAddr(buffer, bytes, ip, port);
}
