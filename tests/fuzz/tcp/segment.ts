/** Reads Ethernet frames that carry TCP, for what stands around the stack under test. */
import { plainChecksum } from '../../../libos/inet/test-device.ts';

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32 } as const;

export interface Segment {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgement: number;
  flags: number;
  window: number;
  payload: Uint8Array;
  /** Of the options; null: not there. */
  mss: number | null;
  windowScale: number | null;
  sackPermitted: boolean;
  timestamps: readonly [value: number, echo: number] | null;
  /** Edges, two for a block. */
  sack: readonly number[];
}

const IP = 14;
const TCP = 34;

/** Null for what is no TCP over IPv4, or not intact. */
export function readSegment(frame: Uint8Array): Segment | null {
  if (frame.length < 54 || frame[12] !== 8 || frame[13] !== 0 || frame[IP] !== 0x45 || frame[IP + 9] !== 6)
    return null;
  const total = (frame[IP + 2] << 8) | frame[IP + 3];
  if (total < 40 || IP + total > frame.length || plainChecksum(frame.subarray(IP, TCP)) !== 0) return null;
  const bytes = frame.subarray(TCP, IP + total);
  const headerBytes = (bytes[12] >> 4) * 4;
  if (headerBytes < 20 || headerBytes > bytes.length || !isIntact(frame, bytes)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const segment = {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getInt32(4),
    acknowledgement: view.getInt32(8),
    flags: bytes[13],
    window: view.getUint16(14),
    payload: bytes.slice(headerBytes),
    mss: null,
    windowScale: null,
    sackPermitted: false,
    timestamps: null,
    sack: [],
  };
  return readOptions(segment, bytes.subarray(20, headerBytes));
}

/** Null where they are malformed. */
function readOptions(segment: Segment, options: Uint8Array): Segment | null {
  const view = new DataView(options.buffer, options.byteOffset, options.length);
  for (let at = 0; at < options.length && options[at] !== 0; ) {
    if (options[at] === 1) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return null;
    if (options[at] === 2 && length === 4) segment.mss = view.getUint16(at + 2);
    else if (options[at] === 3 && length === 3) segment.windowScale = options[at + 2];
    else if (options[at] === 4 && length === 2) segment.sackPermitted = true;
    else if (options[at] === 8 && length === 10) {
      segment.timestamps = [view.getInt32(at + 2), view.getInt32(at + 6)];
    } else if (options[at] === 5 && length % 8 === 2) {
      segment.sack = Array.from({ length: (length - 2) / 4 }, (_, i) => view.getInt32(at + 2 + 4 * i));
    }
    at += length;
  }
  return segment;
}

function isIntact(frame: Uint8Array, segment: Uint8Array): boolean {
  const whole = new Uint8Array(12 + segment.length);
  whole.set(frame.subarray(IP + 12, IP + 20));
  whole.set([0, 6, segment.length >> 8, segment.length & 0xff], 8);
  whole.set(segment, 12);
  return plainChecksum(whole) === 0;
}

/** As they stand in a header, padded. */
export function optionBytes(options: {
  mss?: number;
  windowScale?: number;
  sackPermitted?: boolean;
  timestamps?: readonly [number, number] | null;
  sack?: readonly number[];
}): Uint8Array {
  const bytes: number[] = [];
  const words = (values: readonly number[]): number[] =>
    values.flatMap((value) => [24, 16, 8, 0].map((shift) => (value >> shift) & 0xff));
  const { mss, windowScale, sackPermitted, timestamps, sack = [] } = options;
  if (mss !== undefined) bytes.push(2, 4, mss >> 8, mss & 0xff);
  if (windowScale !== undefined) bytes.push(1, 3, 3, windowScale);
  if (sackPermitted) bytes.push(1, 1, 4, 2);
  if (timestamps) bytes.push(1, 1, 8, 10, ...words(timestamps));
  if (sack.length > 0) bytes.push(1, 1, 5, 2 + 4 * sack.length, ...words(sack));
  return Uint8Array.from(bytes);
}
