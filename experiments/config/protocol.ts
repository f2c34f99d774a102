/** What the protocol of a workload means for its experiment, and which systems can be asked so. */
import { findBackend } from '../../libos/index.ts';
import {
  isMessageProtocol,
  isOfDatagrams,
  messageOperations,
  requestOperations,
  type WorkloadProtocol,
} from '../../results/formats/index.ts';
import { elementsOf, entriesOf, type Placed, plain, withEntry } from './placed.ts';
import type { Problem } from './problems.ts';
import type { Config, ConfiguredPoint, ConfiguredSystem, WorkloadConfig } from './schema.ts';

/** Of `bypassbench load`: a number, and a buffer of the libOS. */
const DATAGRAM_BYTES = { least: 8, most: 16 * 1024 };

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
  const { workload, systems, stages } = config;
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
    ...withoutDatagrams(config),
    ...(isMessageProtocol(protocols[0]) ? messageProblems(config) : []),
    ...(stages && protocols.includes('relay')
      ? [
          {
            path: ['stages'],
            message: 'a relay answers on another socket than it is asked on: leave them out',
          },
        ]
      : []),
    ...(config.sweep ? [] : datagramProblems(config, [{ at: {}, ...config }])),
  ];
}

/** Systems that would be asked for datagrams by a backend that has none. */
function withoutDatagrams({ workload, systems }: Config): Problem[] {
  return systems.flatMap((system, index) => {
    const { backend } = system.client;
    const has = findBackend(backend)?.capabilities.datagrams ?? true;
    if (has || !isOfDatagrams(protocolOf(workload, system))) return [];
    const message = `the backend ${backend} has no datagrams: leave ${system.name} out`;
    return [{ path: ['systems', index, 'client', 'backend'], message }];
  });
}

function messageProblems({
  workload: { keys, mix, commands, key_bytes, value_sizes, bulk },
}: Config): Problem[] {
  const refused: [string, boolean][] = [
    ['keys', keys !== 1],
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

/** Systems that would be asked for datagrams that there cannot be, at some of the points. */
export function datagramProblems({ systems }: Config, points: readonly ConfiguredPoint[]): Problem[] {
  const { least, most } = DATAGRAM_BYTES;
  return systems.flatMap(({ name }, index) => {
    const wrong = points.find(
      (point) =>
        (point.workload.value_bytes < least || point.workload.value_bytes > most) &&
        point.systems.some(
          (system) => system.name === name && isOfDatagrams(protocolOf(point.workload, system)),
        ),
    );
    if (!wrong) return [];
    const bytes = wrong.workload.value_bytes;
    const message =
      `${name} is measured by datagrams, which have ${least} to ${most} bytes, and value_bytes is ${bytes}: give it other ` +
      `sizes, in a sweep with within: { value_bytes: { at_least: ${least}, at_most: ${most} } }`;
    return [{ path: ['systems', index], message }];
  });
}
