/**
 * stages.json.gz: the stages of a measurement's stamped requests, evenly thinned, a column for each: what a run folder
 * keeps of the rings of stamps, which are a hundred times as large. Any language reads it (zcat stages.json.gz).
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { ResultsError } from '../../errors.ts';
import { joinStamps, type StagedRequests } from './join.ts';
import { stageNamed, stageOrder } from './stage.ts';
import { readStampFile } from './stamp-file.ts';

export const STAGES_FILE = 'stages.json.gz';
/** Of a measurement; with five trials 250 requests lie near the p99. */
const mostRequests = 5000;

const nanoseconds = z.array(z.number());
const count = z.int().nonnegative();

const stagesFileSchema = z
  .strictObject({
    schema: z.literal('bypassbench.stages/1'),
    /** Whether both sides were stamped, and by one counter. */
    clocks: z.enum(['one', 'two', 'client only']),
    /** Requests whose stages were put together, before thinning, and those that could not be (join.ts). */
    joined: count,
    incomplete: count,
    inconsistent: count,
    /** What a server that is not stamped says its command took, on average; null where it says nothing. */
    server_command_us: z.number().nonnegative().nullable(),
    sent_ns: nanoseconds,
    latency_ns: nanoseconds,
    /** By the stage's name, in the order of the stages. */
    stages_ns: z.partialRecord(z.enum(stageOrder as [string, ...string[]]), nanoseconds),
  })
  .refine(
    ({ latency_ns, sent_ns, stages_ns }) =>
      [sent_ns, ...Object.values(stages_ns)].every((column) => column?.length === latency_ns.length),
    'its columns are not of one length',
  );
export type StagesFile = z.infer<typeof stagesFileSchema>;

/** What `bypassbench load` has left in `folder`: client.stamps, and server.stamps where the server has stamps. */
export async function joinStampsOf(folder: string): Promise<StagedRequests> {
  const file = join(folder, 'client.stamps');
  const client = await readFile(file).catch((error: Error) => {
    throw new ResultsError(
      'RUN_FILE_MISSING',
      `${file} cannot be read (${error.message}); give a folder that 'bypassbench load --stamps-every 1 --out' wrote`,
    );
  });
  const serverFile = join(folder, 'server.stamps');
  const server = await readFile(serverFile).catch(() => null);
  return joinStamps(readStampFile(file, client), server && readStampFile(serverFile, server));
}

/** Joins the stamps in `folder` into its stages.json.gz, and removes them. */
export async function writeStages(folder: string, server_command_us: number | null): Promise<void> {
  const joined = await joinStampsOf(folder);
  const { stages, requests } = joined;
  const every = Math.max(1, Math.ceil(requests.length / mostRequests));
  const kept = requests.filter((_, index) => index % every === 0);
  const column = (of: (request: (typeof kept)[number]) => number): number[] =>
    kept.map((request) => Math.round(of(request)));
  const names = new Set(stages.map(({ name }) => name));
  const file: StagesFile = {
    schema: 'bypassbench.stages/1',
    clocks: names.has('request_between') ? 'one' : names.has('both_ways_between') ? 'two' : 'client only',
    joined: requests.length,
    incomplete: joined.incomplete,
    inconsistent: joined.inconsistent,
    server_command_us,
    sent_ns: column(({ sent_ns }) => sent_ns),
    latency_ns: column(({ latency_ns }) => latency_ns),
    stages_ns: Object.fromEntries(
      stages.map(({ name }, index) => [name, column(({ stages_ns }) => stages_ns[index]!)]),
    ),
  };
  await writeFile(join(folder, STAGES_FILE), gzipSync(JSON.stringify(stagesFileSchema.parse(file))));
  for (const side of ['client', 'server']) await rm(join(folder, `${side}.stamps`), { force: true });
}

/** Throws STAGES_UNREADABLE. */
export async function readStages(path: string): Promise<StagesFile> {
  try {
    return stagesFileSchema.parse(JSON.parse(gunzipSync(await readFile(path)).toString()));
  } catch (error) {
    const { message } = error as Error;
    throw new ResultsError(
      'STAGES_UNREADABLE',
      `${path} is not what this version writes (${message}); remove it to report without the stages`,
    );
  }
}

/** The requests of some files with the same stages, for breakdownAt. */
export function stagedRequests(files: StagesFile[]): Pick<StagedRequests, 'stages' | 'requests'> {
  const names = Object.keys(files[0]!.stages_ns);
  return {
    stages: names.map(stageNamed),
    requests: files.flatMap((file) =>
      file.latency_ns.map((latency_ns, index) => ({
        sent_ns: file.sent_ns[index]!,
        latency_ns,
        stages_ns: names.map((name) => file.stages_ns[name as keyof typeof file.stages_ns]![index]!),
      })),
    ),
  };
}
