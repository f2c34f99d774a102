/**
 * The socket calls of Linux, over integers, and the memory that they read and write: one page mapped once,
 * so that no call allocates. Socket calls return -1 and set errno; see each man page for which.
 */
import { mapAnonymous } from '../memory/anonymous.ts';
import { libc } from './libc.ts';

type Call = (...integers: number[]) => number;
const POINTER = 'uintptr_t';

export const socket: Call = libc.func('socket', 'int', ['int', 'int', 'int']);
export const close: Call = libc.func('close', 'int', ['int']);
export const shutdown: Call = libc.func('shutdown', 'int', ['int', 'int']);
export const recv: Call = libc.func('recv', 'int', ['int', POINTER, 'size_t', 'int']);
export const send: Call = libc.func('send', 'int', ['int', POINTER, 'size_t', 'int']);
export const listen: Call = libc.func('listen', 'int', ['int', 'int']);
const sendmsgCall: Call = libc.func('sendmsg', 'int', ['int', POINTER, 'int']);
const recvmsgCall: Call = libc.func('recvmsg', 'int', ['int', POINTER, 'int']);
const bindCall: Call = libc.func('bind', 'int', ['int', POINTER, 'uint32_t']);
const connectCall: Call = libc.func('connect', 'int', ['int', POINTER, 'uint32_t']);
const accept4Call: Call = libc.func('accept4', 'int', ['int', POINTER, POINTER, 'int']);
const getpeernameCall: Call = libc.func('getpeername', 'int', ['int', POINTER, POINTER]);
const getsocknameCall: Call = libc.func('getsockname', 'int', ['int', POINTER, POINTER]);
const getsockoptCall: Call = libc.func('getsockopt', 'int', ['int', 'int', 'int', POINTER, POINTER]);
const setsockoptCall: Call = libc.func('setsockopt', 'int', ['int', 'int', 'int', POINTER, 'uint32_t']);
const ioctlCall: Call = libc.func('ioctl', 'int', ['int', 'unsigned long', POINTER]);
const epollCreate1: Call = libc.func('epoll_create1', 'int', ['int']);
const epollCtlCall: Call = libc.func('epoll_ctl', 'int', ['int', 'int', 'int', POINTER]);
const epollWaitCall: Call = libc.func('epoll_wait', 'int', ['int', POINTER, 'int', 'int']);

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
const MSG_TRUNC = 0x20;
export const DATAGRAM_FLAGS = MSG_DONTWAIT | MSG_TRUNC;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x8000_0000;
const AF_INET = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SO_KEEPALIVE = 9;
const SIOCOUTQ = 0x5411;

/** The longest datagram of UDP over IPv4 has 65,507 bytes: what does not fit where it is to go goes here. */
const OVERFLOW_BYTES = 64 * 1024;

/** Most segments that one sendmsg carries (UIO_MAXIOV is 1,024). */
export const MAX_IOVECS = 128;
/** Most events that one epoll_wait reports. */
export const MAX_EVENTS = 128;
/** struct epoll_event is packed on x86-64 and aligned elsewhere. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const EVENT_DATA = process.arch === 'x64' ? 4 : 8;

//   0 sockaddr_in (16)   16 length or option (4)   32 msghdr (56)   128 epoll_event to add (16)
// 256 iovec x 128 (16 each)   2304 epoll_event x 128 (up to 16 each)
// 4352 msghdr to receive a datagram (56)   4416 its two iovec (32)
const scratch = mapAnonymous(8192);
const memory = new DataView(scratch.bytes.buffer);
const SOCKADDR = scratch.address;
const LENGTH = scratch.address + 16;
const MSGHDR = scratch.address + 32;
const ADDED_EVENT = scratch.address + 128;
const IOVEC = scratch.address + 256;
const EVENTS = scratch.address + 2304;
const DATAGRAM_MSGHDR = scratch.address + 4352;
const DATAGRAM_IOVEC = scratch.address + 4416;
const overflowSlab = mapAnonymous(OVERFLOW_BYTES);
const SOCKADDR_BYTES = 16;

/** The bytes of the datagram received last behind those for which there was room. */
export const overflow = overflowSlab.bytes;

function writeAddress(address: number, port: number): void {
  memory.setUint16(0, AF_INET, true);
  memory.setUint16(2, port);
  memory.setUint32(4, address);
}

/** Address and port that the last accept4, getsockname, getpeername or receiveDatagram wrote. */
export function writtenAddress(): number {
  return memory.getUint32(4);
}
export function writtenPort(): number {
  return memory.getUint16(2);
}

export function openSocket(type: number): number {
  return socket(AF_INET, type | SOCK_NONBLOCK_CLOEXEC, 0);
}

/** For io_uring, which returns at once in the place of waiting where the socket itself does not block. */
export function openBlockingSocket(type: number): number {
  return socket(AF_INET, type | SOCK_CLOEXEC, 0);
}

export function bind(fd: number, address: number, port: number): number {
  writeAddress(address, port);
  return bindCall(fd, SOCKADDR, SOCKADDR_BYTES);
}

export function connect(fd: number, address: number, port: number): number {
  writeAddress(address, port);
  return connectCall(fd, SOCKADDR, SOCKADDR_BYTES);
}

export function accept4(fd: number): number {
  memory.setUint32(16, SOCKADDR_BYTES, true);
  return accept4Call(fd, SOCKADDR, LENGTH, SOCK_NONBLOCK_CLOEXEC);
}

export function getsockname(fd: number): number {
  memory.setUint32(16, SOCKADDR_BYTES, true);
  return getsocknameCall(fd, SOCKADDR, LENGTH);
}

export function getpeername(fd: number): number {
  memory.setUint32(16, SOCKADDR_BYTES, true);
  return getpeernameCall(fd, SOCKADDR, LENGTH);
}

/**
 * Receives a datagram into `bytes` bytes at `address`, and what is more of it into `overflow`. Its length, or -1; its
 * sender is what was written.
 */
export function receiveDatagram(fd: number, address: number, bytes: number): number {
  return recvmsgCall(fd, datagramMessage(address, bytes), DATAGRAM_FLAGS);
}

/** Address of the message that receiveDatagram receives into. */
export function datagramMessage(address: number, bytes: number): number {
  setPointer(4416, address);
  memory.setUint32(4424, bytes, true);
  // The kernel writes how long the address was.
  memory.setUint32(4360, SOCKADDR_BYTES, true);
  return DATAGRAM_MSGHDR;
}

/** The socket's pending error, which this clears. */
export function takeSocketError(fd: number): number {
  memory.setInt32(0, 0, true);
  memory.setUint32(16, 4, true);
  getsockoptCall(fd, SOL_SOCKET, SO_ERROR, SOCKADDR, LENGTH);
  return memory.getInt32(0, true);
}

function setOption(fd: number, level: number, option: number, value: number): void {
  memory.setInt32(16, value, true);
  setsockoptCall(fd, level, option, LENGTH, 4);
}
export function enableReuseAddress(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}
export function enableNoDelay(fd: number): void {
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}
/** Lets close(2) reset the connection and drop what is not sent (socket(7), SO_LINGER of no time). */
export function enableResetAtClose(fd: number): void {
  memory.setInt32(16, 1, true);
  memory.setInt32(20, 0, true);
  setsockoptCall(fd, SOL_SOCKET, SO_LINGER, LENGTH, 8);
}
/** Breaks the connection when the peer's host has not answered for some `seconds` (tcp(7)). */
export function enableKeepAlive(fd: number, seconds: number): void {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(seconds / 2));
  setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.ceil(seconds / 6));
  setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
}

/** For how long data may go unacknowledged before the connection ends (tcp(7), TCP_USER_TIMEOUT). */
export function setUserTimeout(fd: number, ms: number): void {
  setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
}
/** Asks a peer that is silent whether it is there, five times within as long again and a little more; 0 ms: never. */
export function setKeepAlive(fd: number, ms: number): void {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, ms > 0 ? 1 : 0);
  if (ms === 0) return;
  setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(ms / 1000));
  setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.ceil(ms / 1000 / 4));
  setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 5);
}

/** Bytes of the stream that the peer has not acknowledged yet (tcp(7), SIOCOUTQ). */
export function unacknowledgedBytes(fd: number): number {
  memory.setInt32(16, 0, true);
  ioctlCall(fd, SIOCOUTQ, LENGTH);
  return memory.getInt32(16, true);
}

/** Sets the `index`th piece of the next gathered send, or of the next scattered receive. */
export function setIovec(index: number, address: number, bytes: number): void {
  const at = 256 + index * 16;
  memory.setUint32(at, address % 0x1_0000_0000, true);
  memory.setUint32(at + 4, Math.floor(address / 0x1_0000_0000), true);
  memory.setUint32(at + 8, bytes, true);
  memory.setUint32(at + 12, 0, true);
}

export const SEND_FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT;

/** sendmsg of the first `count` pieces; `port` 0 sends to the connected peer. */
export function sendGathered(fd: number, count: number, address: number, port: number): number {
  return sendmsgCall(fd, gatheredMessage(count, address, port), SEND_FLAGS);
}

/** Address of the message that sendGathered sends, and into whose pieces receiveScattered receives. */
export function gatheredMessage(count: number, address: number, port: number): number {
  writeAddress(address, port);
  setPointer(32, port === 0 ? 0 : SOCKADDR);
  memory.setUint32(40, port === 0 ? 0 : SOCKADDR_BYTES, true);
  setPointer(48, IOVEC);
  memory.setUint32(56, count, true);
  return MSGHDR;
}

/** recvmsg into the first `count` pieces, one after the other. */
export function receiveScattered(fd: number, count: number): number {
  return recvmsgCall(fd, gatheredMessage(count, 0, 0), MSG_DONTWAIT);
}

function setPointer(at: number, address: number): void {
  memory.setUint32(at, address % 0x1_0000_0000, true);
  memory.setUint32(at + 4, Math.floor(address / 0x1_0000_0000), true);
}

setPointer(4352, SOCKADDR);
setPointer(4368, DATAGRAM_IOVEC);
memory.setUint32(4376, 2, true);
setPointer(4432, overflowSlab.address);
memory.setUint32(4440, OVERFLOW_BYTES, true);

export function epollCreate(): number {
  return epollCreate1(EPOLL_CLOEXEC);
}

/** Watches `fd` for every edge; `tag` comes back with its events. */
export function epollAdd(epoll: number, fd: number, tag: number): number {
  memory.setUint32(128, (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0, true);
  memory.setUint32(128 + EVENT_DATA, tag, true);
  memory.setUint32(128 + EVENT_DATA + 4, 0, true);
  return epollCtlCall(epoll, EPOLL_CTL_ADD, fd, ADDED_EVENT);
}

export function epollDelete(epoll: number, fd: number): number {
  return epollCtlCall(epoll, EPOLL_CTL_DEL, fd, 0);
}

/** Number of events written, or -1; `timeoutMs` 0 does not wait. */
export function epollWait(epoll: number, timeoutMs: number): number {
  return epollWaitCall(epoll, EVENTS, MAX_EVENTS, timeoutMs);
}
export function eventMask(index: number): number {
  return memory.getUint32(2304 + index * EVENT_BYTES, true);
}
export function eventTag(index: number): number {
  return memory.getUint32(2304 + index * EVENT_BYTES + EVENT_DATA, true);
}
