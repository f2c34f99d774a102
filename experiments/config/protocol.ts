/** What the protocol of a workload means for its experiment, and which systems can be asked so. */
import {
  isMessageProtocol,
  messageOperations,
  requestOperations,
  type WorkloadProtocol,
} from '../../results/formats/index.ts';
import { elementsOf, entriesOf, type Placed, plain, withEntry } from '../written/placed.ts';
import type { Problem } from '../written/problems.ts';
import type { Config, ConfiguredSystem, WorkloadConfig } from './schema.ts';

/** Those of a workload, in the order in which systems are asked for them. */
export function protocolsOf({ protocol }: Pick<WorkloadConfig, 'protocol'>): readonly WorkloadProtocol[] {
  return Array.isArray(protocol) ? protocol : [protocol];
}

/** What a system of the experiment is measured with: the first of the workload's protocols that it serves. */
export function protocolOf(
  workload: Pick<WorkloadConfig, 'protocol'>,
  { serves }: Pick<ConfiguredSystem, 'serves'>,
): WorkloadProtocol {
  const protocols = protocolsOf(workload);
  return protocols.find((protocol) => serves.includes(protocol)) ?? protocols[0];
}

/** Operations that can be measured, by name, but for a mix. */
export function operationsOf(workload: Pick<WorkloadConfig, 'protocol'>): readonly string[] {
  const [protocol] = protocolsOf(workload);
  return isMessageProtocol(protocol) ? [messageOperations[protocol]] : requestOperations;
}

/** Messages have one operation, which nobody need name, and no keys. */
export function withMessages(root: Placed): Placed {
  const workload = entriesOf(root).get('workload');
  const protocol = entriesOf(workload).get('protocol');
  if (!workload || !protocol) return root;
  const [first] = Array.isArray(protocol.value) ? elementsOf(protocol) : [protocol];
  const name = first && (plain(first) as WorkloadProtocol);
  if (!Object.hasOwn(messageOperations, name ?? '')) return root;
  const { place } = protocol;
  const implied: Record<string, Placed> = {
    operations: {
      place,
      value: [{ place, value: messageOperations[name as keyof typeof messageOperations] }],
    },
    keys: { place, value: 1 },
  };
  const whole = Object.entries(implied).reduce(
    (entry, [key, value]) => (entriesOf(entry).has(key) ? entry : withEntry(entry, key, value)),
    workload,
  );
  return withEntry(root, 'workload', whole);
}

/** What contradicts the protocol. */
export function protocolProblems(config: Config): Problem[] {
  const { workload, systems } = config;
  const protocols = protocolsOf(workload);
  const path = ['workload', 'protocol'];
  const operations = new Set(protocols.map((protocol) => operationsOf({ protocol }).join()));
  if (operations.size > 1) {
    const message = `${protocols.join(' and ')} do not measure the same: make an experiment of each`;
    return [{ path, message }];
  }
  return [
    ...systems.flatMap(({ name, serves }, index) =>
      protocols.some((protocol) => serves.includes(protocol))
        ? []
        : [
            {
              path: ['systems', index],
              message:
                `${name} serves ${serves.join(' and ')}, and the workload's protocol is ${protocols.join(' or ')}: leave ` +
                'the system out, or give the workload a protocol that it serves',
            },
          ],
    ),
    ...(isMessageProtocol(protocols[0]) ? messageProblems(config) : []),
  ];
}

function messageProblems({
  workload: { keys, key_distribution, mix, commands, key_bytes, value_sizes, bulk },
}: Config): Problem[] {
  const refused: [string, boolean][] = [
    ['keys', keys !== 1],
    ['key_distribution', key_distribution !== 'uniform'],
    ['mix', mix !== undefined],
    ['commands', Object.keys(commands).length > 0],
    ['key_bytes', key_bytes !== undefined],
    ['value_sizes', value_sizes !== undefined],
    ['bulk', bulk !== undefined],
  ];
  return refused.flatMap(([key, isSaid]) =>
    isSaid ? [{ path: ['workload', key], message: 'is of requests; messages have none: leave it out' }] : [],
  );
}
