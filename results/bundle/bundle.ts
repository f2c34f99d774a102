/** An artifact of a run: its data without the names of its machine, what is made from it, and how to repeat it. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, relative, sep } from 'node:path';
import { CALIBRATION_FILE, CALIBRATION_FOLDER, MANIFEST_FILE } from '../formats/index.ts';
import { readRun } from '../run/run-folder.ts';
import { writeReport } from '../write-report.ts';
import { anonymous, anonymousJson, anonymousPath, type LabNames, labNamesOf } from './anonymous.ts';
import { type ArchivedFile, tarGz } from './tar.ts';
import {
  containerfile,
  EXPERIMENT_FILE,
  experiment,
  REPEAT_SCRIPT,
  RUN_FOLDER,
  readme,
  SCRIPT_FILE,
  VERSIONS_FILE,
  versions,
} from './texts.ts';

const RAW_FILES = [MANIFEST_FILE, CALIBRATION_FILE];
const RAW_FOLDERS = [CALIBRATION_FOLDER, 'trials'];
/** Everything else among them is text. */
const BINARY = /\.(gz|hdr)$/;

/** The archive; its files lie in one folder, called `name`. Throws ResultsError. */
export async function bundleOf(dir: string, name: string): Promise<Buffer> {
  // Damage is told before anything is packed.
  const lab = labNamesOf((await readRun(dir)).manifest);
  const copy = await mkdtemp(join(tmpdir(), 'bypassbench-bundle-'));
  try {
    await copyData(dir, copy, lab);
    const { summary, findings } = await writeReport(copy, { reference: true });
    const run = await readRun(copy);
    const { manifest } = run;
    const text = (path: string, content: string, isExecutable = false): ArchivedFile => ({
      path,
      content: Buffer.from(content),
      isExecutable,
    });
    const files = [
      text('README.md', readme(run, summary, findings)),
      text(EXPERIMENT_FILE, experiment(manifest)),
      text(VERSIONS_FILE, versions(manifest)),
      text(SCRIPT_FILE, REPEAT_SCRIPT, true),
      text('Containerfile', containerfile(manifest)),
      ...(await filesBelow(copy)).map(({ path, content }) => ({ path: `${RUN_FOLDER}/${path}`, content })),
    ];
    const sums = files.map(({ path, content }) => `${sha256(content)}  ${path}\n`).join('');
    const all = [...files, text('SHA256SUMS', sums)].map((file) => ({
      ...file,
      path: `${name}/${file.path}`,
    }));
    return tarGz(all, Date.parse(manifest.started_at) / 1000);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** The raw files, and nothing that was made from them. */
async function copyData(from: string, to: string, lab: LabNames): Promise<void> {
  for (const { path, content } of await filesBelow(from)) {
    if (!RAW_FILES.includes(path) && !RAW_FOLDERS.some((folder) => path.startsWith(`${folder}/`))) continue;
    const copied = join(to, anonymousPath(path, lab));
    await mkdir(dirname(copied), { recursive: true });
    await writeFile(copied, BINARY.test(path) ? content : withoutNames(path, content.toString('utf8'), lab));
  }
}

function withoutNames(path: string, text: string, lab: LabNames): string {
  return path.endsWith('.json') ? anonymousJson(text, undefined, lab) : anonymous(text, undefined, lab);
}

/** In the order of their paths, which are relative and have slashes. */
async function filesBelow(dir: string): Promise<{ path: string; content: Buffer }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join(posix.sep))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, content: await readFile(join(dir, path)) })));
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
