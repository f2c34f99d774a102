/**
 * Tests of Redis' suite that may come out otherwise over the libOS than with redis-server on sockets, each with its
 * reason. A reason is a property of the port that docs/redis-port.md names, never "it fails".
 */
export const differences: Readonly<Record<string, string>> = {
  'unit/other: Process title set as expected':
    'Redis is a thread of a process that is not its own, and leaves its title alone: proc-title-template has no effect',
};
