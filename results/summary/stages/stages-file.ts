/** From the stamps that a load left in its folder to stages.json.gz, and from such files back to requests. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ResultsError } from '../../errors.ts';
import {
  CLIENT_STAMPS_FILE,
  packStages,
  readStampFile,
  replaceFile,
  SERVER_STAMPS_FILE,
  STAGES_FILE,
  type StageName,
  type StagesFile,
  type StampFile,
  stagesFormat,
} from '../../formats/index.ts';
import { joinStamps, type StagedRequests } from './join.ts';
import type { ServersClock } from './one-way.ts';
import { stageNamed } from './stage.ts';

/** Requests that are kept of a measurement: with five trials 250 of them lie near the p99. */
const MOST_REQUESTS = 5000;

/** What `bypassbench load` has left in `folder`: client.stamps, and server.stamps where the server has stamps. */
export async function joinStampsOf(
  folder: string,
  clock: ServersClock | null = null,
): Promise<StagedRequests> {
  const file = join(folder, CLIENT_STAMPS_FILE);
  const client = await readFile(file).catch((error: Error) => {
    throw new ResultsError(
      'RUN_FILE_MISSING',
      `${file} cannot be read (${error.message}); give a folder that 'bypassbench load --stamps-every 1 --out' wrote`,
    );
  });
  const serverFile = join(folder, SERVER_STAMPS_FILE);
  const server = await readFile(serverFile).catch(() => null);
  return joinStamps(stampsIn(file, client), server && stampsIn(serverFile, server), clock);
}

function stampsIn(path: string, bytes: Uint8Array): StampFile {
  try {
    return readStampFile(bytes);
  } catch (error) {
    throw new ResultsError('STAMPS_UNREADABLE', `${path}: ${(error as Error).message}; measure it again`, {
      cause: error,
    });
  }
}

/** Joins the stamps in `folder` into its stages.json.gz, and removes them. `clock`: of a server on another machine. */
export async function writeStages(
  folder: string,
  server_command_us: number | null,
  clock: ServersClock | null,
): Promise<void> {
  const joined = await joinStampsOf(folder, clock);
  const { stages, requests } = joined;
  const every = Math.max(1, Math.ceil(requests.length / MOST_REQUESTS));
  const kept = requests.filter((_, index) => index % every === 0);
  const column = (of: (request: (typeof kept)[number]) => number): number[] =>
    kept.map((request) => Math.round(of(request)));
  const names = new Set(stages.map(({ name }) => name));
  const ways_ns = kept.flatMap(({ request_way_ns }) => (request_way_ns === null ? [] : [request_way_ns]));
  const file: StagesFile = {
    schema: stagesFormat.schema,
    clocks: names.has('request_between') ? 'one' : names.has('both_ways_between') ? 'two' : 'client only',
    joined: requests.length,
    incomplete: joined.incomplete,
    inconsistent: joined.inconsistent,
    server_command_us,
    sent_ns: column(({ sent_ns }) => sent_ns),
    latency_ns: column(({ latency_ns }) => latency_ns),
    stages_ns: Object.fromEntries(
      stages.map(({ name }, index) => [name, column(({ stages_ns }) => stages_ns[index])]),
    ),
    one_way:
      clock === null || ways_ns.length < kept.length || kept.length === 0
        ? null
        : { request_ns: ways_ns.map(Math.round), ...clock },
  };
  await replaceFile(join(folder, STAGES_FILE), packStages(file));
  for (const name of [CLIENT_STAMPS_FILE, SERVER_STAMPS_FILE]) await rm(join(folder, name), { force: true });
}

/** The requests of some files with the same stages, for breakdownAt. */
export function stagedRequests(files: StagesFile[]): Pick<StagedRequests, 'stages' | 'requests'> {
  const names = Object.keys(files[0].stages_ns) as StageName[];
  return {
    stages: names.map(stageNamed),
    requests: files.flatMap(({ sent_ns, latency_ns, stages_ns, one_way }) => {
      const columns = names.map((name) => stages_ns[name] ?? []);
      return latency_ns.map((latency, index) => ({
        sent_ns: sent_ns[index],
        latency_ns: latency,
        stages_ns: columns.map((column) => column[index]),
        request_way_ns: one_way?.request_ns[index] ?? null,
      }));
    }),
  };
}
