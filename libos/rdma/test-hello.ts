/** What an honest side says first, for the tests. */
import { type Hello, HelloKind } from './hello.ts';

export const honestHello: Hello = {
  kind: HelloKind.Stream,
  provider: 'verbs;ofi_rxm',
  address: Uint8Array.of(2, 0, 0xaa, 0xbb, 10, 98, 0, 1),
  connection: 7,
  key: -123_456_789,
  bufferBytes: 16_384,
  limit: 4,
  maxWindow: 64,
  port: 0,
  host: new Uint8Array(16).fill(9),
};
