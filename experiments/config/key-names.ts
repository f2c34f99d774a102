/** What an experiment calls what the checks of a load (results/formats/load-checks.ts) name. */
import type { LoadNames } from '../../results/formats/index.ts';

export const keyNames: LoadNames = {
  protocol: 'protocol',
  keys: 'keys',
  key_bytes: 'key_bytes',
  key_distribution: 'key_distribution',
  zipf_exponent: 'zipf_exponent',
  hotspot: 'hotspot',
  value_bytes: 'value_bytes',
  commands: 'commands',
  connections: 'clients',
  pipeline: 'pipeline',
  threads: 'client.more_cores',
  requests: 'requests',
  bulk_connections: 'bulk.clients',
  bulk_bytes: 'bulk.value_bytes',
  rate: 'open_loop.rate_ops',
  arrivals: 'open_loop.arrivals',
  trace_speed: 'trace_speed',
  duration: 'duration_s',
  stamps: 'stages',
  backend: 'client.backend',
};
