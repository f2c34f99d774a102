/** Frames for the tests of this folder: numbered, sent through a device, and received whole. */
import type { Device } from '../inet/device.ts';
import { SgaSegment } from '../memory/sga.ts';

/** A frame whose content follows from its number, which numberOf reads back. */
export function numbered(number: number, length = 60): Uint8Array {
  const frame = new Uint8Array(length);
  new DataView(frame.buffer).setUint32(0, number);
  for (let i = 4; i < length; i++) frame[i] = number * 31 + i;
  return frame;
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0);
}

/** Queues a frame, its first `headerBytes` written in place and the rest appended as a piece. */
export function queue(device: Device, frame: Uint8Array, headerBytes = frame.length): void {
  const segment = device.allocate();
  if (segment === null) throw new Error('no free buffer');
  segment.bytes.set(frame.subarray(0, headerBytes), segment.offset);
  segment.length = headerBytes;
  if (headerBytes < frame.length) {
    const payload = payloadOf(frame.subarray(headerBytes));
    device.append(payload, payload.offset, payload.length);
  }
  device.transmit(segment);
}

/** A segment around the bytes, not at the beginning of its memory, as a pool's are. */
export function payloadOf(data: Uint8Array): SgaSegment {
  const base = 32;
  const bytes = new Uint8Array(base + data.length);
  bytes.set(data, base);
  const home = { give() {} };
  const segment = new SgaSegment(home, { bytes, address: 0 }, 0, base, data.length);
  segment.length = data.length;
  return segment;
}

/** One exchange: copies of the frames that came, which are given back. */
export function receive(device: Device): Uint8Array[] {
  const count = device.exchange();
  return device.received.slice(0, count).map((frame) => {
    const copy = frame.bytes.slice(frame.offset, frame.offset + frame.length);
    frame.home.give(frame);
    return copy;
  });
}

/** As many exchanges as it takes. */
export function receiveAll(device: Device): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (;;) {
    const some = receive(device);
    if (some.length === 0) return frames;
    frames.push(...some);
  }
}
