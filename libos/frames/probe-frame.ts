/** The frame with which a doctor tries a device: to all, of a type that no protocol has. */
import type { GlueDevice } from './glue-device.ts';

const FRAME_BYTES = 100;
/** For local experiments (IEEE 802). */
const ETHERTYPE = [0x88, 0xb5];

/** It goes with the next exchange. */
export function sendProbeFrame(device: GlueDevice): void {
  const frame = device.allocate()!;
  frame.bytes.fill(0xff, frame.offset, frame.offset + FRAME_BYTES);
  frame.bytes.set(device.mac, frame.offset + 6);
  frame.bytes.set(ETHERTYPE, frame.offset + 12);
  frame.length = FRAME_BYTES;
  device.transmit(frame);
}

/** Whether one of the frames that come with the next exchange is ours. */
export function receivesProbeFrame(device: GlueDevice): boolean {
  let found = false;
  for (let i = device.exchange() - 1; i >= 0; i--) {
    const { bytes, offset } = device.received[i];
    found ||= bytes[offset + 12] === ETHERTYPE[0] && bytes[offset + 13] === ETHERTYPE[1];
    device.give(device.received[i]);
  }
  return found;
}
