/** What the protocol of a load means for its options, and what goes over its connections. */
import {
  isMessageProtocol,
  isOfDatagrams,
  type MessageProtocol,
  messageOperations,
  type WorkloadProtocol,
} from '../../results/formats/lists.ts';
import { EchoExchange } from '../connections/echo-exchange.ts';
import type { Traffic } from '../connections/exchange.ts';
import { SinkExchange } from '../connections/sink-exchange.ts';
import { LoadError } from '../errors.ts';
import { Messages, NumberedMessages } from '../workload/messages.ts';

/** What a load of messages is asked for. */
export interface MessageOptions {
  protocol: WorkloadProtocol;
  /** Length of each message. */
  valueBytes: number;
  seed: number;
  pipeline: number;
}

export const protocolMeanings: Record<WorkloadProtocol, string> = {
  resp: 'requests of a Redis server',
  echo: 'messages over a stream that come back as they were sent (bypassbench echo)',
  datagrams: 'the same as datagrams (echo --datagrams)',
  sink: 'messages over a stream that are answered by their length, for one-way bandwidth (bypassbench sink)',
  relay: 'datagrams that a relay forwards to a second socket (bypassbench relay)',
};

const REPLY_TIMEOUT_S = 10;
/** No further wait tells more: what has not come by now is lost. */
const DATAGRAM_TIMEOUT_S = 1;

/** What options of a command line, by commander's names, say of requests of Redis alone. */
const OF_RESP = {
  operation: '--operation',
  mix: '--mix',
  populate: '--populate',
  keys: '--keys',
  keyDistribution: '--key-distribution',
  zipfExponent: '--zipf-exponent',
  hotspot: '--hotspot',
  command: '--command',
  shape: '--shape',
  keyBytes: '--key-bytes',
  valueSizes: '--value-sizes',
  sizes: '--sizes',
  user: '--user',
  password: '--password',
  db: '--db',
  bulkConnections: '--bulk-connections',
  bulkBytes: '--bulk-bytes',
  bulkOperation: '--bulk-operation',
};

export function replyTimeoutS(protocol: WorkloadProtocol): number {
  return isOfDatagrams(protocol) ? DATAGRAM_TIMEOUT_S : REPLY_TIMEOUT_S;
}

/** `given`: the names of the options that stand on the command line. Throws INVALID_OPTION. */
export function refuseOptionsOfResp(protocol: WorkloadProtocol, given: readonly string[]): void {
  if (!isMessageProtocol(protocol)) return;
  for (const [name, flag] of Object.entries(OF_RESP)) {
    if (!given.includes(name)) continue;
    throw new LoadError(
      'INVALID_OPTION',
      `${flag} applies to --protocol resp: leave it out of --protocol ${protocol}`,
    );
  }
}

/** Throws INVALID_OPTION. */
export function refuseIdleDatagrams(protocol: WorkloadProtocol, idleConnections: number): void {
  if (!isOfDatagrams(protocol) || idleConnections === 0) return;
  throw new LoadError(
    'INVALID_OPTION',
    '--idle-connections applies to streams: a socket of datagrams has no connection',
  );
}

/** What goes over each connection of a protocol of messages. */
export function messageTraffic({
  protocol,
  valueBytes,
  seed,
  pipeline,
}: MessageOptions & { protocol: MessageProtocol }): Traffic {
  const messages = new Messages(valueBytes, seed);
  const operation = messageOperations[protocol];
  const exchange =
    protocol === 'sink' ? new SinkExchange(messages, operation) : new EchoExchange(messages, operation);
  const over = protocol === 'datagrams' || protocol === 'relay' ? protocol : 'stream';
  return { exchange, source: new NumberedMessages(), pipeline, over };
}
