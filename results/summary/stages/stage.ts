/**
 * The stages of a request, in their order, and the points between them. A point is a stamp: on either side of
 * the device's call (tx_burst and rx_burst, fi_sendmsg and fi_cq_read, send and recv), and where data passes
 * between libOS and application. docs/measuring.md says what each stage holds.
 */
import { type StageName, stageNames } from '../../formats/index.ts';

/** Who spends the time of a stage: what the figure colours, in the order of its legend. */
export const stageOwners = {
  schedule: 'waiting to be sent',
  client_libos: "client's libOS",
  client_device: "client's call of device or kernel",
  between: 'on the way',
  server_device: "server's call of device or kernel",
  server_libos: "server's libOS",
  application: 'server application',
  unsplit: 'server and kernel, not split',
  rest: 'not stamped',
} as const;
export type StageOwner = keyof typeof stageOwners;

export interface Stage {
  name: StageName;
  label: string;
  owner: StageOwner;
}

const descriptions: Record<StageName, [label: string, owner: StageOwner]> = {
  client_schedule: ['client: behind its schedule', 'schedule'],
  client_libos_send: ['client: libOS, sending', 'client_libos'],
  client_device_send: ['client: inside send', 'client_device'],
  request_between: ['on the way to the server', 'between'],
  server_device_receive: ['server: inside receive', 'server_device'],
  server_libos_receive: ['server: libOS, receiving', 'server_libos'],
  server_application: ['server: application', 'application'],
  server_libos_send: ['server: libOS, sending', 'server_libos'],
  server_device_send: ['server: inside send', 'server_device'],
  server_command: ['server: command (commandstats)', 'application'],
  server_and_kernel: ['server and kernel, not split', 'unsplit'],
  both_ways_between: ['on the way, both ways', 'between'],
  reply_between: ['on the way to the client', 'between'],
  client_device_receive: ['client: inside receive', 'client_device'],
  client_libos_receive: ['client: libOS, receiving', 'client_libos'],
  rest: ['not stamped', 'rest'],
};

/** Times by the names of stages, in µs; below zero by the error of readings. */
export type StageTimes = Partial<Record<StageName, number>>;

export function stageNamed(name: StageName): Stage {
  const [label, owner] = descriptions[name];
  return { name, label, owner };
}

/** The stages of a breakdown with what each takes, in their order. */
export function stagesOf({ stages_us }: { stages_us: StageTimes }): { stage: Stage; us: number }[] {
  return stageNames.flatMap((name) => {
    const us = stages_us[name];
    return us === undefined ? [] : [{ stage: stageNamed(name), us }];
  });
}

const clientSends: StageName[] = ['client_libos_send', 'client_device_send'];
const serverStages: StageName[] = [
  'server_device_receive',
  'server_libos_receive',
  'server_application',
  'server_libos_send',
  'server_device_send',
];
const clientReceives: StageName[] = ['client_device_receive', 'client_libos_receive'];

/** In an open loop, from when a request was due to when it was sent; before all others. */
export const schedule = stageNamed('client_schedule');

/** Both sides stamped by one counter. */
export const splitStages: Stage[] = [
  ...clientSends,
  'request_between' as const,
  ...serverStages,
  'reply_between' as const,
  ...clientReceives,
].map(stageNamed);

/** Both sides stamped, each by a counter of its own: the two ways cannot be told apart. */
export const twoClockStages: Stage[] = [
  ...clientSends,
  ...serverStages,
  'both_ways_between' as const,
  ...clientReceives,
].map(stageNamed);

/** The server's part where it says itself how long its commands take (Redis: INFO commandstats). */
export const serverCommand = stageNamed('server_command');

/** A server that is not stamped. */
export const clientStages: Stage[] = [
  ...clientSends,
  serverCommand.name,
  'server_and_kernel' as const,
  ...clientReceives,
].map(stageNamed);

/** What the measured latency has beyond its stages: the load generator's own clock readings around them. */
export const rest = stageNamed('rest');
