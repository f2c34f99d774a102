/**
 * A wire between two TAP interfaces, with the impairments that the libOS's devices have: Linux to Linux over it stands
 * beside our stack to Linux over a TAP device with `impair`, frame by frame the same dice.
 *
 *     node wire-process.ts FAR NEAR IMPAIRMENT
 *
 *     FAR interface <--> ImpairedDevice <--> NEAR interface        NEAR stands where the libOS would
 *
 * Makes both interfaces, says so, and carries frames until it is ended.
 */
import type { Device } from '../inet/device.ts';
import { ImpairedDevice } from '../inet/devices/impaired-device.ts';
import { parseImpairment } from '../inet/devices/impairment.ts';
import { TapDevice } from './tap-device.ts';

const [farName, nearName, impairment] = process.argv.slice(2);
if (impairment === undefined) throw new Error('usage: wire-process.ts FAR NEAR IMPAIRMENT');

const far = new ImpairedDevice(new TapDevice(farName), parseImpairment(impairment));
const near = new TapDevice(nearName);
process.stdout.write('ready\n', () => {
  for (;;) {
    carry(far, near);
    carry(near, far);
  }
});

/** What has come at one end leaves at the other, as far as that has buffers. */
function carry(from: Device, to: Device): void {
  const count = from.exchange();
  for (let i = 0; i < count; i++) {
    const frame = from.received[i];
    const copy = to.allocate();
    if (copy !== null) {
      copy.bytes.set(frame.bytes.subarray(frame.offset, frame.offset + frame.length), copy.offset);
      copy.length = frame.length;
      to.transmit(copy);
    }
    frame.home.give(frame);
  }
}
