/** `--set`, of every command that reads an experiment. */
import { Option } from 'commander';

/** A value of the command line goes above all that files say. */
export function setOption(): Option {
  return new Option(
    '--set <key=value>',
    'another value, such as trials=3, systems.kv-dpdk.options.mtu=9000, or of an axis sweep.clients=1,64; may be repeated',
  )
    .argParser((setting: string, before: string[]) => [...before, setting])
    .default([], 'none');
}
