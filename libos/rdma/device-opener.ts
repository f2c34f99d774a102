/**
 * Opens the devices of a libOS. Over shm one is kept ahead for the peer that comes next: to open it takes milliseconds,
 * in which the data path would serve nobody, so that a thread of the glue does it (libos/native/ahead.c). Where several
 * come at once, the others are opened as they come.
 */
import { FabricDevice, hasRoomForShm } from './fabric-device.ts';
import { type FabricGlue, fabricGlue } from './glue.ts';
import type { MessageDevice } from './message-device.ts';
import type { FabricOptions } from './options.ts';
import type { SharedReceives } from './receive-budget.ts';
import { claimSharedMemory } from './shared-memory.ts';

/** Receives of an endpoint beside which there are many: for a hundred connections. */
const LEAST_RECEIVES = 256;
/** And of one beside which there is another: to open one for more takes four times as long. */
const MOST_RECEIVES = 1024;

export class DeviceOpener {
  readonly #glue: FabricGlue;
  readonly #options: FabricOptions;
  readonly #shared: SharedReceives;
  readonly #momentsAddress: number;
  readonly #sleeps: boolean;
  /** What is opened ahead; 0: nothing. */
  #ahead = 0;

  /** `momentsAddress`: as of setDeviceTimes; `sleeps`: as of FabricDevice. Throws BACKEND_UNAVAILABLE. */
  constructor(options: FabricOptions, shared: SharedReceives, momentsAddress: number, sleeps: boolean) {
    this.#glue = fabricGlue();
    this.#options = options;
    this.#shared = shared;
    this.#momentsAddress = momentsAddress;
    this.#sleeps = sleeps;
  }

  /** One beside so many that have connections. Throws what FabricDevice throws. */
  open(others: number): FabricDevice {
    const { receiveBuffers } = this.#options;
    const most = others === 0 ? receiveBuffers : Math.min(MOST_RECEIVES, receiveBuffers / (1 + others));
    const share = Math.min(receiveBuffers, Math.max(LEAST_RECEIVES, Math.floor(most)));
    const options = { ...this.#options, receiveBuffers: share };
    const opened = others === 0 ? -1 : this.#takeAhead();
    const device = new FabricDevice(options, this.#shared, this.#sleeps, opened);
    device.setDeviceTimes(this.#momentsAddress);
    return device;
  }

  /**
   * Somebody has come to `device`, and others may come: one like that is opened ahead. Why it cannot be, where it
   * cannot, is said when it is needed.
   */
  expect(device: MessageDevice): void {
    if (this.#ahead !== 0 || !(device instanceof FabricDevice) || !hasRoomForShm(MOST_RECEIVES)) return;
    let name: string;
    try {
      name = claimSharedMemory();
    } catch {
      return;
    }
    this.#ahead = this.#glue.openAhead(device.number, name, MOST_RECEIVES, Number(this.#sleeps));
  }

  close(): void {
    if (this.#ahead === 0) return;
    const endpoint = this.#glue.takeAhead(this.#ahead);
    this.#ahead = 0;
    if (endpoint >= 0) this.#glue.close(endpoint);
  }

  /** The number of an endpoint that is there, or -1. */
  #takeAhead(): number {
    if (this.#ahead === 0 || this.#glue.isAhead(this.#ahead) === 0) return -1;
    const endpoint = this.#glue.takeAhead(this.#ahead);
    this.#ahead = 0;
    return endpoint;
  }
}
