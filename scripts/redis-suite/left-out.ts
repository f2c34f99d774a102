import { unansweredPunsubscribe } from './differences.ts';

/**
 * Tests of Redis' suite that need what the engine in TypeScript leaves to Redis on the libOS (kvserver/README.md), by
 * what they need and by their unit. They are run with neither server: a part of one would go on in the next.
 */
export const leftOut: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'replication: they read what a replica is sent, or make one': {
    'unit/expire': [
      'All TTL in commands are propagated as absolute timestamp in replication stream',
      'GETEX propagate as to replica as PERSIST, DEL, or nothing',
      'SCAN: Lazy-expire should not be wrapped in MULTI/EXEC',
      'RANDOMKEY: Lazy-expire should not be wrapped in MULTI/EXEC',
    ],
    'unit/multi': [
      'MULTI / EXEC is not propagated (single write command)',
      'MULTI / EXEC is propagated correctly (multiple commands)',
      'MULTI / EXEC is propagated correctly (multiple commands with SELECT)',
      'MULTI / EXEC is propagated correctly (empty transaction)',
      'MULTI / EXEC is propagated correctly (read-only commands)',
      'MULTI / EXEC is propagated correctly (write command, no effect)',
      'MULTI / EXEC with REPLICAOF',
      'exec with write commands and state change',
      'exec with read commands and stale replica state change',
      'MULTI propagation of PUBLISH',
      'MULTI propagation of SCRIPT LOAD',
      'MULTI propagation of EVAL',
      'MULTI propagation of SCRIPT FLUSH',
      'MULTI propagation of XREADGROUP',
    ],
    'unit/type/string': [
      'GETDEL propagate as DEL command to replica',
      'GETEX without argument does not propagate to replica',
    ],
    'unit/type/list': [
      'SWAPDB wants to wake blocked client, but the key already expired',
      'MULTI + LPUSH + EXPIRE + DEBUG SLEEP on blocked client, key already expired',
      'BLMPOP propagate as pop with count command to replica',
      'LMPOP propagate as pop with count command to replica',
    ],
    'unit/type/zset': [
      'ZMPOP propagate as pop with count command to replica',
      'BZMPOP propagate as pop with count command to replica',
    ],
  },
  'persistence: they save, rewrite or load, or reload the data by DEBUG': {
    'unit/expire': [
      'SET - use KEEPTTL option, TTL should not be removed after loadaof',
      'GETEX use of PERSIST option should remove TTL after loadaof',
    ],
    'unit/other': [
      'SAVE - make sure there are all the types as values',
      'BGSAVE',
      'Check consistency of different data types after a reload',
      'Same dataset digest if saving/reloading as AOF?',
      'EXPIRES after a reload (snapshot + append only file rewrite)',
      'EXPIRES after AOF reload (without rewrite)',
      'Perform a final SAVE to leave a clean DB on disk',
    ],
    'unit/bitops': ['SETBIT/BITFIELD only increase dirty when the value changed'],
    'unit/multi': ['MULTI with SAVE', 'MULTI with SHUTDOWN'],
    'unit/type/set': [
      'Set encoding after DEBUG RELOAD',
      'SINTERSTORE with two sets, after a DEBUG RELOAD - hashtable',
      'SINTERSTORE with two sets, after a DEBUG RELOAD - intset',
      'SRANDMEMBER with a dict containing long chain',
    ],
    'unit/type/list': [
      'Check if list is still ok after a DEBUG RELOAD - quicklist',
      'Test LPUSH and LPOP on plain nodes',
    ],
    'unit/type/zset': ['ZSCORE after a DEBUG RELOAD - listpack', 'ZSCORE after a DEBUG RELOAD - skiplist'],
  },
  scripts: {
    'unit/tracking': [
      'Invalid keys should not be tracked for scripts in NOLOOP mode',
      'Tracking only occurs for scripts when a command calls a read-only command',
    ],
    'unit/introspection': [
      'MONITOR can log commands issued by the scripting engine',
      'MONITOR can log commands issued by functions',
    ],
    'unit/multi': [
      'MULTI and script timeout',
      'EXEC and script timeout',
      'MULTI-EXEC body and script timeout',
      'just EXEC and script timeout',
    ],
  },
  streams: {
    'unit/keyspace': ['COPY basic usage for stream', 'COPY basic usage for stream-cgroups'],
    'unit/multi': ['Blocking commands ignores the timeout'],
    'unit/pubsub': ['Keyspace notifications: stream events test'],
  },
  SORT: {
    'unit/multi': ['EXEC fail on WATCHed key modified by SORT with STORE even if the result is empty'],
    'unit/type/list': [
      'BLPOP when result key is created by SORT..STORE',
      'BLMPOP_LEFT when result key is created by SORT..STORE',
    ],
  },
  'DUMP, RESTORE and MIGRATE': {
    'unit/introspection': ['MONITOR supports redacting command arguments'],
    'unit/type/list': [
      'List ziplist of various encodings',
      'List ziplist of various encodings - sanitize dump',
    ],
    'unit/type/hash': [
      'Hash ziplist of various encodings',
      'Hash ziplist of various encodings - sanitize dump',
    ],
  },
  'parameters of CONFIG that are not here, or that only a start sets here': {
    'unit/introspection': [
      'CONFIG sanity',
      'CONFIG SET with multiple args',
      'CONFIG SET rollback on apply error',
      'CONFIG GET hidden configs',
      'CONFIG GET multiple args',
    ],
  },
  ACL: { 'unit/other': ['RESET clears authenticated state'] },
};

/** Tests that come out otherwise for another reason, as differences.ts has them of the port. */
export const typescriptDifferences: Readonly<Record<string, string>> = {
  ...unansweredPunsubscribe,
  'unit/type/string: trim on SET with big value': 'the suite runs it where the allocator is jemalloc',
};
