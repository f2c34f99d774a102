/** Reading, changing and making TCP segments in whole Ethernet frames, for the tests of TCP. */
import { plainChecksum } from '../test-device.ts';

const IP = 14;

export interface SynOptions {
  sack: boolean;
  timestamps: boolean;
  windowScale: boolean;
  mss: boolean;
}

const kinds: Record<keyof SynOptions, number> = { mss: 2, windowScale: 3, sack: 4, timestamps: 8 };

/** Whether the frame carries a TCP segment, all of it. */
export function isTcp(frame: Uint8Array): boolean {
  return frame.length >= 54 && frame[12] === 8 && frame[13] === 0 && frame[IP] === 0x45 && frame[IP + 9] === 6;
}

/** Makes the options that are named NOPs if the frame is a SYN, as some boxes on the way do. */
export function withoutSynOptions(frame: Uint8Array, options: SynOptions): void {
  const tcp = IP + 20;
  if (!isTcp(frame) || !(frame[tcp + 13] & 2)) return;
  const end = tcp + (frame[tcp + 12] >> 4) * 4;
  const unwanted = Object.entries(kinds).filter(([name]) => options[name as keyof SynOptions]);
  for (let at = tcp + 20; at < end && frame[at] !== 0; ) {
    const length = frame[at] === 1 ? 1 : frame[at + 1];
    if (unwanted.some(([, kind]) => kind === frame[at])) frame.fill(1, at, at + length);
    at += length;
  }
  fixTcpChecksum(frame);
}

export function fixTcpChecksum(frame: Uint8Array): void {
  const tcp = IP + 20;
  const total = (frame[IP + 2] << 8) | frame[IP + 3];
  const segment = frame.subarray(tcp, IP + total);
  segment.fill(0, 16, 18);
  const pseudo = Uint8Array.of(...frame.subarray(IP + 12, IP + 20), 0, 6, segment.length >> 8, segment.length);
  const whole = new Uint8Array(pseudo.length + segment.length);
  whole.set(pseudo);
  whole.set(segment, pseudo.length);
  const checksum = plainChecksum(whole);
  segment[16] = checksum >> 8;
  segment[17] = checksum & 0xff;
}
