/**
 * The endpoints of a libOS. Of most providers there is one, for all peers. Over shm each process that it talks to has
 * one of its own:
 *
 *     server   endpoint <---> endpoint of client 1           a region of shared memory each, written by both of a pair
 *              endpoint <---> endpoint of client 2
 *
 * A process that dies while it holds a lock of a region, or has begun a message there and not ended it, blocks who
 * reads or writes it for ever. So a region is shared by two processes and no more, and when the provider does not
 * return from it, or its peer is gone, the endpoint goes, and nobody else has noticed.
 *
 * Who connects does not know yet what process it will meet: its endpoints go by the address of the rendezvous. One
 * whose line broke meets nobody else.
 */
import type { TokenTable } from '../tokens.ts';
import type { ChannelEndpoint } from './channel.ts';
import type { EngineOptions, MessageEngine } from './engine.ts';
import type { MessageDevice } from './message-device.ts';
import type { SharedReceives } from './receive-budget.ts';
import { MessageSender } from './sender.ts';

/** What has no connections any more is kept for so long, for those that the same peer may open next. */
const KEPT_US = 1_000_000;
const TICK_US = 100_000;
const TICKS_PER_LOOK_FOR_IDLE_MEMORY = 10;

/** An endpoint, and what sends and receives over it. */
export class MessageEndpoint {
  readonly device: MessageDevice;
  readonly sender: MessageSender;
  readonly engine: MessageEngine;
  /** Whom it is for; null while that is nobody. */
  peer: string | null = null;
  /** A line to its peer broke: others do not get it. */
  isSpoiled = false;
  /** It was lost, and its connections have been told; it is still here where there can be no other. */
  isGivenUp = false;
  emptySinceUs = -1;

  constructor(tokens: TokenTable, device: MessageDevice, shared: SharedReceives, options: EngineOptions) {
    this.device = device;
    this.sender = new MessageSender(tokens, device, shared, options);
    this.engine = this.sender.engine;
  }
}

export interface EndpointOpener {
  /** Opens another device beside so many that have connections, or throws LibosError. */
  open(others: number): MessageDevice;
  /** Somebody has come to `device`, and others may come, for whom there may be one ahead. */
  expect?(device: MessageDevice): void;
  close?(): void;
}

export interface EndpointOptions extends EngineOptions {
  /** Each peer gets an endpoint of its own. */
  endpointPerPeer: boolean;
}

export class EndpointTable {
  /** Those that are open: one at least. */
  readonly all: MessageEndpoint[] = [];
  readonly shared: SharedReceives;
  readonly #tokens: TokenTable;
  readonly #opener: EndpointOpener;
  readonly #options: EndpointOptions;
  readonly #byPeer = new Map<string, MessageEndpoint>();
  /** What those that are closed had counted. */
  readonly #countersOfClosed: Record<string, number> = {};
  #tickUs = 0;
  #ticks = 0;

  constructor(
    tokens: TokenTable,
    first: MessageDevice,
    shared: SharedReceives,
    opener: EndpointOpener,
    options: EndpointOptions,
  ) {
    this.#tokens = tokens;
    this.shared = shared;
    this.#opener = opener;
    this.#options = options;
    this.#add(first);
  }

  /** The one for a peer, opened if it must be. Throws LibosError where it cannot be. */
  for(peer: string): MessageEndpoint {
    if (!this.#options.endpointPerPeer) return this.all[0];
    let endpoint = this.#byPeer.get(peer);
    if (endpoint !== undefined && !endpoint.isSpoiled && !endpoint.device.isLost) return endpoint;
    endpoint = this.all.find((one) => one.peer === null && !one.device.isLost) ?? this.#addAnother();
    endpoint.peer = peer;
    this.#byPeer.set(peer, endpoint);
    return endpoint;
  }

  /** One for a peer that has come; others may come. Throws as `for` does. */
  forArrival(peer: string): MessageEndpoint {
    const endpoint = this.for(peer);
    if (this.#options.endpointPerPeer) this.#opener.expect?.(endpoint.device);
    return endpoint;
  }

  /** A line of one of its connections broke, without our doing. */
  spoil(endpoint: ChannelEndpoint): void {
    endpoint.isSpoiled = this.#options.endpointPerPeer;
  }

  /** Closes those that nobody needs any more, and gives back memory: once in a while. */
  tick(): void {
    const { nowUs } = this.all[0].device;
    if (nowUs < this.#tickUs) return;
    this.#tickUs = nowUs + TICK_US;
    if (this.#ticks++ % TICKS_PER_LOOK_FOR_IDLE_MEMORY === 0) {
      for (const { device } of this.all) device.giveBackIdle();
    }
    if (!this.#options.endpointPerPeer) return;
    for (let i = this.all.length - 1; i >= 0; i--) {
      if (this.#isOver(this.all[i], nowUs)) this.close(this.all[i]);
    }
  }

  /** Nobody has anything to do with its connections any more. */
  close(endpoint: MessageEndpoint): void {
    endpoint.engine.forgetAll();
    const { device, peer } = endpoint;
    if (peer !== null && this.#byPeer.get(peer) === endpoint) this.#byPeer.delete(peer);
    endpoint.isSpoiled = true;
    // There is always one, whose clock counts: where there can be no other, it stays until there can, as tick() finds.
    if (this.all.length === 1 && !this.#openAnother()) return;
    addCounters(this.#countersOfClosed, endpoint);
    device.close();
    this.all.splice(this.all.indexOf(endpoint), 1);
  }

  /** Closes all, and what is opened. */
  shutdown(): void {
    for (const { device } of this.all) device.close();
    this.#opener.close?.();
  }

  #addAnother(): MessageEndpoint {
    const others = this.all.filter(({ engine }) => engine.budget.connections > 0).length;
    return this.#add(this.#opener.open(others));
  }

  #openAnother(): boolean {
    try {
      this.#addAnother();
      return true;
    } catch {
      return false;
    }
  }

  /** What all of them have counted, the closed ones too. */
  counters(): Record<string, number> {
    const sums = { ...this.#countersOfClosed };
    for (const endpoint of this.all) addCounters(sums, endpoint);
    return sums;
  }

  #add(device: MessageDevice): MessageEndpoint {
    const endpoint = new MessageEndpoint(this.#tokens, device, this.shared, this.#options);
    this.all.push(endpoint);
    return endpoint;
  }

  /** Nobody is there to use it, or nobody has for a while. */
  #isOver(endpoint: MessageEndpoint, nowUs: number): boolean {
    const { device, engine, peer, isSpoiled } = endpoint;
    if (device.isLost || (isSpoiled && engine.isForsaken)) return true;
    if (peer === null) return false;
    if (engine.budget.connections > 0) {
      endpoint.emptySinceUs = -1;
      return false;
    }
    if (endpoint.emptySinceUs < 0) endpoint.emptySinceUs = nowUs;
    return nowUs - endpoint.emptySinceUs >= KEPT_US;
  }
}

/** Adds what an endpoint has counted. */
function addCounters(sums: Record<string, number>, { device, engine }: MessageEndpoint): void {
  const counted = {
    ...device.counters(),
    credit_messages: engine.creditMessages,
    stray_messages: engine.strayMessages,
  };
  for (const [name, count] of Object.entries(counted)) sums[name] = (sums[name] ?? 0) + count;
}
