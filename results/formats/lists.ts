/**
 * Words that files, experiments and command lines share. This file imports nothing: the load generator's
 * thread takes its lists from here, without the library that checks files.
 */

/**
 * What the load generator exchanges with a server: requests of Redis; a message over a stream that comes back as it was
 * sent, and the same over datagrams; one over a stream that is answered by a short acknowledgement; a datagram that a
 * relay forwards to the generator's second socket.
 */
export const protocols = ['resp', 'echo', 'datagrams', 'sink', 'relay'] as const;
export type WorkloadProtocol = (typeof protocols)[number];

/** Protocols of messages, which have neither keys nor commands, and what sending one is called. */
export const messageOperations = { echo: 'echo', datagrams: 'echo', sink: 'send', relay: 'relay' } as const;
export type MessageProtocol = keyof typeof messageOperations;

export function isMessageProtocol(protocol: WorkloadProtocol): protocol is MessageProtocol {
  return protocol !== 'resp';
}

export function isOfDatagrams(protocol: WorkloadProtocol): boolean {
  return protocol === 'datagrams' || protocol === 'relay';
}

/**
 * What one request asks is called by a name: those of `resp` that need no definition are these, and a command with
 * placeholders has the name that its author gives it.
 */
export const requestOperations = ['get', 'set'] as const;
export const operationNamePattern = /^[a-z][a-z0-9-]*$/;
/** The name of a measurement that holds several operations: no request has it. */
export const MIX = 'mix';
/** Of an operation in it. */
export const WEIGHT_MAX = 1_000_000;

export const keyDistributions = ['uniform', 'single', 'zipf', 'hotspot', 'latest', 'sequential'] as const;
export type KeyDistribution = (typeof keyDistributions)[number];

/** What is said to those whose hotspot is none. */
export const NO_HOTSPOT = 'must be two shares above 0 and at most 1, such as 0.2:0.8';

/** '0.2:0.8', a share of the keys and the share of the requests that it gets; null where it says nothing. */
export function hotspotIn(text: string): { keys: number; requests: number } | null {
  const [keys = Number.NaN, requests = Number.NaN, ...rest] = text.split(':').map(Number);
  const isShare = (share: number): boolean => share > 0 && share <= 1;
  return isShare(keys) && isShare(requests) && rest.length === 0 ? { keys, requests } : null;
}

/** What a client does while nothing comes: spin on its core, or sleep in the kernel. */
export const idleModes = ['poll', 'sleep'] as const;

/** Load generators of others that an experiment can measure with. */
export const clientPrograms = ['redis-benchmark'] as const;

/**
 * What lies between client and server: a device with a wire, one that the kernel or a library makes of
 * software, or memory that both processes have. Latencies of different kinds cannot be compared as like with
 * like.
 */
export const provenances = ['real_device', 'software_device', 'shared_memory'] as const;
export type Provenance = (typeof provenances)[number];

/**
 * What a system is in the paper's comparison: of a role there may be several systems, of bypass one a backend. The
 * paper's libOS over the kernel polls; the one over epoll sleeps while nothing happens, as the unmodified server does.
 */
export const roles = ['unmodified', 'libos_over_epoll', 'libos_over_kernel', 'bypass'] as const;
export type Role = (typeof roles)[number];

/** What the figure of a run may show, where its experiment says so. */
export const figureKinds = ['latency', 'throughput', 'bandwidth'] as const;
