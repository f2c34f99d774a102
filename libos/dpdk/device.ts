/** A port of DPDK: a device for the network stack (libos/frames/glue-device.ts). */
import { LibosError } from '../errors.ts';
import { GlueDevice } from '../frames/glue-device.ts';
import { reasonFromLog, startEal } from './eal.ts';
import type { Glue } from './glue.ts';
import type { DpdkOptions } from './options.ts';
import { type PortRequest, portRequest } from './port.ts';

export class DpdkDevice extends GlueDevice {
  readonly #library: Glue;
  readonly #number: number;

  /**
   * Throws INVALID_ARGUMENT, ADDRESS_IN_USE, PERMISSION_DENIED or BACKEND_UNAVAILABLE, with what DPDK said
   * and the remedy where we know one.
   */
  constructor(options: DpdkOptions) {
    const request = portRequest(options);
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
