/**
 * What two libOSes say to each other when they meet, before any message: who they are to the provider, and
 * what they can take. Or, instead, why they will not talk. All numbers big-endian:
 *
 *      0  'bypassbench/rdma'          16   version     18   length of it all      20   kind
 *     21  length of the provider's name, 22 of the device address, 23 of the reason
 *     24  connection   28 key   32 buffer bytes   36 limit   40 window   44 port
 *     46  of a refusal: 1 if another peer of the same kind might be taken later, 0 if none will
 *     48  host: 16 bytes   64  provider's name, address, reason
 */

export const HelloKind = { Stream: 0, Datagram: 1, Refusal: 2 } as const;

export interface Hello {
  kind: typeof HelloKind.Stream | typeof HelloKind.Datagram;
  /** As the provider calls itself: both ends must have the same one. */
  provider: string;
  /** Of the endpoint, in the provider's form. */
  address: Uint8Array;
  /** The sender's number of the connection and its key. */
  connection: number;
  key: number;
  /** Payload that one of the sender's receive buffers takes. */
  bufferBytes: number;
  /** Messages that the receiver of this may send at first, and how many at most at a time. */
  limit: number;
  maxWindow: number;
  /** Of the sender's datagram socket; 0 for streams. */
  port: number;
  /** 16 bytes that are another for each machine. */
  host: Uint8Array;
}

export interface Refusal {
  kind: typeof HelloKind.Refusal;
  /** What the peer's connect is to complete as. */
  code: 'CONNECTION_REFUSED' | 'PROTOCOL_ERROR';
  /** Why, for people. */
  reason: string;
}

export const HELLO_VERSION = 1;
const MAGIC = Buffer.from('bypassbench/rdma', 'latin1');
const FIXED_BYTES = 64;
export const MAX_HELLO_BYTES = FIXED_BYTES + 3 * 255;
/** Bytes after which the length of a hello is known. */
export const LENGTH_KNOWN_BYTES = 20;

export function encodeHello(hello: Hello | Refusal): Uint8Array {
  const refusal = hello.kind === HelloKind.Refusal;
  const texts = refusal
    ? [Buffer.alloc(0), Buffer.alloc(0), Buffer.from(hello.reason).subarray(0, 255)]
    : [Buffer.from(hello.provider), hello.address, Buffer.alloc(0)];
  const length = FIXED_BYTES + texts.reduce((sum, text) => sum + text.length, 0);
  const bytes = Buffer.alloc(length);
  MAGIC.copy(bytes);
  bytes.writeUInt16BE(HELLO_VERSION, 16);
  bytes.writeUInt16BE(length, 18);
  bytes[20] = hello.kind;
  texts.forEach((text, i) => {
    bytes[21 + i] = text.length;
  });
  if (refusal) {
    bytes.writeUInt16BE(hello.code === 'CONNECTION_REFUSED' ? 1 : 0, 46);
  } else {
    bytes.writeInt32BE(hello.connection, 24);
    bytes.writeInt32BE(hello.key, 28);
    bytes.writeUInt32BE(hello.bufferBytes, 32);
    bytes.writeInt32BE(hello.limit, 36);
    bytes.writeUInt32BE(hello.maxWindow, 40);
    bytes.writeUInt16BE(hello.port, 44);
    bytes.set(hello.host, 48);
  }
  let at = FIXED_BYTES;
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

/**
 * Reads what stands at the beginning of `bytes`: the hello or refusal and its length; null while it is not
 * whole; or why it is none, which the first wrong byte decides.
 */
export function decodeHello(bytes: Uint8Array): { hello: Hello | Refusal; length: number } | null | string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const known = Math.min(view.length, MAGIC.length);
  if (view.compare(MAGIC, 0, known, 0, known) !== 0) return 'it is no hello of this backend';
  if (view.length < LENGTH_KNOWN_BYTES) return null;
  const version = view.readUInt16BE(16);
  if (version !== HELLO_VERSION) return `its version is ${version}, ours is ${HELLO_VERSION}`;
  const length = view.readUInt16BE(18);
  if (length < FIXED_BYTES || length > MAX_HELLO_BYTES) return `it claims to have ${length} bytes`;
  if (view.length < length) return null;
  const [provider, address, reason] = [view[21], view[22], view[23]];
  if (FIXED_BYTES + provider + address + reason !== length) return 'its lengths do not sum up';
  const text = (start: number, count: number) =>
    view.subarray(FIXED_BYTES + start, FIXED_BYTES + start + count);
  const kind = view[20];
  if (kind === HelloKind.Refusal) {
    const code = view.readUInt16BE(46) === 1 ? 'CONNECTION_REFUSED' : 'PROTOCOL_ERROR';
    return { hello: { kind, code, reason: text(provider + address, reason).toString() }, length };
  }
  if (kind !== HelloKind.Stream && kind !== HelloKind.Datagram) return `its kind is ${kind}`;
  const hello: Hello = {
    kind,
    provider: text(0, provider).toString(),
    address: Uint8Array.from(text(provider, address)),
    connection: view.readInt32BE(24),
    key: view.readInt32BE(28),
    bufferBytes: view.readUInt32BE(32),
    limit: view.readInt32BE(36),
    maxWindow: view.readUInt32BE(40),
    port: view.readUInt16BE(44),
    host: Uint8Array.from(view.subarray(48, 64)),
  };
  const wrong = problemOf(hello);
  return wrong === null ? { hello, length } : wrong;
}

/** What no honest peer says. */
function problemOf({ address, bufferBytes, limit, maxWindow }: Hello): string | null {
  if (address.length === 0) return 'it has no address';
  if (bufferBytes < 1 || bufferBytes > 0xff_ffff) return `its buffers have ${bufferBytes} bytes`;
  if (maxWindow < 1 || maxWindow > 0xffff) return `its window is ${maxWindow}`;
  if (limit < 1 || limit > maxWindow) return `its limit is ${limit} with a window of ${maxWindow}`;
  return null;
}
