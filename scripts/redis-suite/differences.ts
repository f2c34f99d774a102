/** It does not read the replies of PUNSUBSCRIBE before it publishes on another connection. */
export const unansweredPunsubscribe: Readonly<Record<string, string>> = {
  'unit/pubsub: PUBLISH/PSUBSCRIBE after PUNSUBSCRIBE without arguments':
    'a busy connection is read before one that was silent: what was sent on both, with no reply awaited, is served in either order',
};

/**
 * Tests of Redis' suite that may come out otherwise over the libOS than with redis-server on sockets, each with its
 * reason. A reason is a property of the port that docs/redis-port.md names, never "it fails".
 */
export const differences: Readonly<Record<string, string>> = {
  ...unansweredPunsubscribe,
  'unit/other: Process title set as expected':
    'Redis is a thread of a process that is not its own, and leaves its title alone: proc-title-template has no effect',
};
