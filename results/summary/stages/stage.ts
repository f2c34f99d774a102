/**
 * The stages of a request, in their order, and the points between them. A point is a stamp: on either side of the device's
 * call (tx_burst and rx_burst, fi_sendmsg and fi_cq_read, send and recv), and where data passes between libOS and
 * application. docs/measuring.md says what each stage holds.
 */

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
  name: string;
  label: string;
  owner: StageOwner;
}

const stage = (name: string, label: string, owner: StageOwner): Stage => ({ name, label, owner });

const clientSends = [
  stage('client_libos_send', 'client: libOS, sending', 'client_libos'),
  stage('client_device_send', 'client: inside send', 'client_device'),
];
const serverStages = [
  stage('server_device_receive', 'server: inside receive', 'server_device'),
  stage('server_libos_receive', 'server: libOS, receiving', 'server_libos'),
  stage('server_application', 'server: application', 'application'),
  stage('server_libos_send', 'server: libOS, sending', 'server_libos'),
  stage('server_device_send', 'server: inside send', 'server_device'),
];
const clientReceives = [
  stage('client_device_receive', 'client: inside receive', 'client_device'),
  stage('client_libos_receive', 'client: libOS, receiving', 'client_libos'),
];

/** In an open loop, from when a request was to be sent to when it was; before all others. */
export const schedule = stage('client_schedule', 'client: behind its schedule', 'schedule');

/** Both sides stamped by one counter. */
export const splitStages: Stage[] = [
  ...clientSends,
  stage('request_between', 'on the way to the server', 'between'),
  ...serverStages,
  stage('reply_between', 'on the way to the client', 'between'),
  ...clientReceives,
];

/** Both sides stamped, each by a counter of its own: the two ways cannot be told apart. */
export const twoClockStages: Stage[] = [
  ...clientSends,
  ...serverStages,
  stage('both_ways_between', 'on the way, both ways', 'between'),
  ...clientReceives,
];

/** The server's part where it says itself how long its commands take (Redis: INFO commandstats). */
export const serverCommand = stage('server_command', 'server: command (commandstats)', 'application');

/** A server that is not stamped. */
export const clientStages: Stage[] = [
  ...clientSends,
  serverCommand,
  stage('server_and_kernel', 'server and kernel, not split', 'unsplit'),
  ...clientReceives,
];

/** What the measured latency has beyond its stages: the load generator's own clock readings around them. */
export const rest = stage('rest', 'not stamped', 'rest');

const everyStage = [schedule, ...splitStages, ...twoClockStages, ...clientStages, rest];

/** All stages that there are, in an order that suits every kind. */
export const stageOrder: string[] = [
  ...new Set([
    schedule.name,
    ...clientSends.map(({ name }) => name),
    'request_between',
    ...serverStages.map(({ name }) => name),
    serverCommand.name,
    'server_and_kernel',
    'both_ways_between',
    'reply_between',
    ...clientReceives.map(({ name }) => name),
    rest.name,
  ]),
];

export function stageNamed(name: string): Stage {
  return everyStage.find((one) => one.name === name)!;
}
