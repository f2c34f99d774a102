/**
 * All that a backend is made with, wherever it lives: the one door for those who write one. It has a version
 * (BACKEND_API_VERSION), which changes when something here does that a backend must follow.
 *
 * A backend is a module whose default export is a BackendDescriptor. Its `create` makes a Transport, which moves bytes;
 * tokens, waiting, ownership and the checks of arguments are the core's (libos/core.ts).
 */
export {
  BACKEND_API_VERSION,
  type BackendCapabilities,
  type BackendDescriptor,
  type BackendFloor,
  type BackendOption,
  type BackendPair,
  type BackendPairing,
  type FloorExchange,
} from './backend-descriptor.ts';
export { type BackendOptions, OptionReader } from './backend-options.ts';
export { nowNs } from './clock.ts';
export { checkedIpv4, checkPort, formatIpv4, parseIpv4 } from './endpoint.ts';
export { type ErrorCode, errorCodes, LibosError } from './errors.ts';
export type { DoctorFinding } from './finding.ts';
// For a device that moves Ethernet frames: with the network stack over it, it is a backend.
export { ChecksumStatus, type Device, MAX_BURST, MAX_PIECES } from './inet/device.ts';
export { defaultTcpOptions } from './inet/tcp/options.ts';
export { type InetOptions, InetTransport } from './inet/transport.ts';
export { HUGE_PAGE_BYTES, mapAnonymous } from './memory/anonymous.ts';
export { BufferPool } from './memory/pool.ts';
export { Owner, ScatterGatherArray, type SegmentHome, SgaSegment, type Slab } from './memory/sga.ts';
export { mapFile } from './memory/shared-file.ts';
export { type GlueSource, isGlueBuilt, loadGlue } from './native/glue.ts';
export { Errno, errno, errnoName, libc } from './native/libc.ts';
export { codeOfConnectErrno, codeOfErrno, systemError } from './native/socket-errors.ts';
export type { SocketKind } from './pdpi.ts';
export { DeviceMoments } from './stamps/moments.ts';
export { NO_SLOT, PendingList, TokenTable } from './tokens.ts';
export {
  type BackendSetup,
  type CreateBackend,
  LINGER_US,
  PUSHES_PER_BURST,
  Queue,
  QueueState,
  type Transport,
  TransportHost,
  USER_TIMEOUT_MS,
} from './transport.ts';
export { WorkList } from './work-list.ts';
