/**
 * A TAP interface of Linux (tun(4)) as a device: what its kernel sends over it comes from `exchange`, a frame a system
 * call. Takes root, and /dev/net/tun.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { nowNs } from '../clock.ts';
import { ChecksumStatus, type Device, MAX_BURST } from '../inet/device.ts';
import { Pieces } from '../inet/devices/pieces.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { SgaSegment } from '../memory/sga.ts';
import { errno, errnoName, libc } from '../native/libc.ts';

const read = libc.func('read', 'int64_t', ['int', 'uintptr_t', 'size_t']);
const write = libc.func('write', 'int64_t', ['int', 'uintptr_t', 'size_t']);
const ioctl = libc.func('ioctl', 'int', ['int', 'unsigned long', 'uintptr_t']);

// linux/if_tun.h
const TUNSETIFF = 0x4004_54ca;
const IFF_TAP = 0x2;
const IFF_NO_PI = 0x1000;
/** struct ifreq: the name, its flags behind it. */
const IFREQ_BYTES = 40;
const NAME_BYTES_MAX = 15;

const MTU_BYTES = 1500;
const ETHERNET_HEADER_BYTES = 14;
const BUFFER_BYTES = 2048;
const BUFFERS = 1024;

export class TapDevice implements Device {
  readonly mac = new Uint8Array(6);
  readonly mtu = MTU_BYTES;
  readonly fillsChecksums = false;
  readonly linkUp = true;
  readonly linkIsPeer = false;
  nowUs = 0.5;
  readonly received: SgaSegment[] = [];
  readonly receivedChecksums = new Uint8Array(MAX_BURST).fill(ChecksumStatus.Unchecked);
  readonly #fd: number;
  readonly #memory = mapAnonymous(BUFFERS * BUFFER_BYTES);
  readonly #free: SgaSegment[] = [];
  readonly #queued: SgaSegment[] = [];
  readonly #pieces = new Pieces();

  /** Makes the interface, which goes with this process. Throws what Linux says, with the remedy. */
  constructor(name: string) {
    if (name === '' || name.length > NAME_BYTES_MAX)
      throw new RangeError(`'${name}' is no name of an interface`);
    this.#fd = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
    const { bytes, address } = this.#memory;
    bytes.fill(0, 0, IFREQ_BYTES);
    bytes.set(Buffer.from(name, 'latin1'));
    bytes[16] = (IFF_TAP | IFF_NO_PI) & 0xff;
    bytes[17] = (IFF_TAP | IFF_NO_PI) >> 8;
    if (ioctl(this.#fd, TUNSETIFF, address) < 0) {
      const said = errnoName(errno());
      closeSync(this.#fd);
      throw new Error(
        `no TAP interface ${name} (${said}): run as root, in a container with --device /dev/net/tun`,
      );
    }
    for (let i = 0; i < BUFFERS; i++) {
      this.#free.push(new SgaSegment(this, this.#memory, i, i * BUFFER_BYTES, BUFFER_BYTES));
    }
  }

  get freeBuffers(): number {
    return this.#free.length;
  }

  exchange(): number {
    this.nowUs = nowNs() / 1000;
    for (let i = 0; i < this.#queued.length; i++) {
      const frame = this.#queued[i];
      // While the interface is down frames are lost, as on a cable that is not plugged in.
      write(this.#fd, frame.address + frame.offset - frame.base, frame.length);
      this.#free.push(frame);
    }
    this.#queued.length = 0;
    let count = 0;
    while (count < MAX_BURST && this.#free.length > 0) {
      const frame = this.#free[this.#free.length - 1];
      const bytes = Number(read(this.#fd, frame.address, BUFFER_BYTES));
      if (bytes <= 0) break;
      this.#free.pop();
      frame.offset = frame.base;
      frame.length = bytes;
      this.received[count++] = frame;
    }
    return count;
  }

  allocate(): SgaSegment | null {
    const frame = this.#free.pop() ?? null;
    if (frame === null) return null;
    frame.offset = frame.base;
    frame.length = 0;
    return frame;
  }

  append(payload: SgaSegment, offset: number, length: number): void {
    this.#pieces.add(payload, offset, length);
  }

  transmit(frame: SgaSegment): void {
    this.#pieces.joinTo(frame);
    if (frame.length > MTU_BYTES + ETHERNET_HEADER_BYTES)
      throw new RangeError(`a frame of ${frame.length} bytes`);
    this.#queued.push(frame);
  }

  give(frame: SgaSegment): void {
    this.#free.push(frame);
  }

  close(): void {
    closeSync(this.#fd);
    this.#memory.unmap();
  }
}
