/** A port of DPDK: a device for the network stack (libos/frames/glue-device.ts). */
import { LibosError } from '../errors.ts';
import { GlueDevice } from '../frames/glue-device.ts';
import { reasonFromLog, startEal } from './eal.ts';
import { type Glue, PortFlag, WakeWay } from './glue.ts';
import type { DpdkOptions } from './options.ts';
import { type PortRequest, portRequest } from './port.ts';

/** In words, for messages. */
const wakeWays: Readonly<Record<WakeWay, string>> = {
  [WakeWay.Not]: 'nothing wakes a thread that sleeps, which looks again and again',
  [WakeWay.Interrupt]: "the driver's receive interrupt wakes a thread that sleeps",
  [WakeWay.Socket]: "the driver's socket wakes a thread that sleeps",
  [WakeWay.Ring]: "the ring's interrupt wakes a thread that sleeps",
};

export class DpdkDevice extends GlueDevice {
  readonly #library: Glue;
  readonly #number: number;

  /**
   * `sleeps`: its thread will, by `wait`. Throws INVALID_ARGUMENT, ADDRESS_IN_USE, PERMISSION_DENIED or
   * BACKEND_UNAVAILABLE, with what DPDK said and the remedy where we know one.
   */
  constructor(options: DpdkOptions, sleeps = false) {
    const request = portRequest(options);
    if (sleeps) request.flags |= PortFlag.Wakes;
    const library = startEal(options.eal);
    const number = openPort(library, request, options);
    const port = {
      handle: number,
      address: library.area(number),
      bytes: library.areaBytes(number),
      exchange: library.exchange,
      flush: library.flush,
      readCounters: library.readDeviceCounters,
      counterNames: library.counterNames(),
      close: library.close,
    };
    super(port, options.device.kind === 'memif');
    this.#library = library;
    this.#number = number;
  }

  /** How what comes wakes a thread that sleeps; of a device that was opened for that. */
  get wakeWay(): string {
    return wakeWays[this.#library.wakes(this.#number) as WakeWay];
  }

  /** Sleeps until frames have come, for `timeoutMs` at most; false where nothing would wake the thread. */
  wait(timeoutMs: number): boolean {
    const ms = this.longestWaitMs(timeoutMs);
    return ms === 0 || this.#library.wait(this.#number, ms * 1000) >= 0;
  }

  /**
   * Writes from now on when bursts enter and leave the device, to this address (libos/native/device-times.h).
   */
  setDeviceTimes(address: number): void {
    this.#library.setDeviceTimes(this.#number, address);
  }
}

function openPort(library: Glue, request: PortRequest, options: DpdkOptions): number {
  const mac = Buffer.from(request.mac ?? new Uint8Array(6)).toString('hex');
  library.log();
  const { bus, name, args, mtu, flags } = request;
  const port = library.open(bus, name, args, mtu, options.packetBuffers, mac, flags);
  if (port >= 0) return port;
  const reason = `${library.error()}: ${reasonFromLog(library.log())}`;
  throw new LibosError('BACKEND_UNAVAILABLE', 'dpdk', -1, `${reason}. ${request.remedy}`);
}
