/**
 * The source package of the Redis that is installed: which version that is, and its files, fetched by apt from the
 * machine's own archives. The lists of sources are read into a folder of our own, so that the machine's apt stays as it
 * is, and no rights are needed. Plain JavaScript without dependencies, as all of set-up.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, step } from '../step.mjs';
import { sourceLines, sourceParagraphs } from './source-lists.mjs';

/** Why there is no build of Redis: a reason with its remedy, for whoever runs set-up. */
export class NotBuilt extends Error {}

/** As Debian's names of files have a version: `7.0.15-1~deb12u10` for `5:7.0.15-1~deb12u10`. */
export const withoutEpoch = (version) => version.replace(/^\d+:/, '');

/** `5:7.0.15-1~deb12u10` is 7.0.15: what is behind the last hyphen is the distribution's revision. */
export const upstreamVersion = (version) => withoutEpoch(version).replace(/-[^-]*$/, '');

/**
 * What dpkg knows of redis-server: the source `package`, its `version` (the binary's may have a suffix of its own),
 * `upstream` and `architecture`. Throws NotBuilt when it is not installed.
 */
export function installedRedis() {
  const format = ['db:Status-Status', 'source:Package', 'source:Version', 'Architecture'];
  const known = ask('dpkg-query', [
    '-W',
    `-f=${format.map((field) => `\${${field}}`).join(' ')}`,
    'redis-server',
  ]);
  const [status, name, version, architecture] = known?.split(' ') ?? [];
  if (status !== 'installed') {
    throw new NotBuilt(
      'dpkg knows no redis-server, whose source is built: install redis-server of Debian 12 or Ubuntu 24.04',
    );
  }
  return { package: name, version, upstream: upstreamVersion(version), architecture };
}

/** Why this version is not built, or null. The port is written to the inside of 7.0, later ones have other licences. */
export function whyUnsupported(upstream) {
  if (/^7\.0\.\d+/.test(upstream)) return null;
  return `redis-server ${upstream} is installed, and the port is of Redis 7.0, as in Debian 12 and Ubuntu 24.04`;
}

/** Lists of sources in `folder`, and a configuration of apt that reads them. Returns the configuration's path. */
function configureApt(folder) {
  const shown = ask('apt-config', [
    'shell',
    'LIST',
    'Dir::Etc::sourcelist/f',
    'PARTS',
    'Dir::Etc::sourceparts/d',
  ]);
  if (shown === null) {
    throw new NotBuilt(
      'there is no apt to fetch the source of Redis with: this needs Debian 12 or Ubuntu 24.04',
    );
  }
  const [list, parts] = shown.split('\n').map((line) => line.replace(/^\w+='(.*)'$/, '$1'));
  for (const name of ['sources', 'lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const put = (name, text) => writeFileSync(join(folder, 'sources', name), text);
  if (existsSync(list)) put('machine.list', sourceLines(readFileSync(list, 'utf8')));
  for (const name of existsSync(parts) ? readdirSync(parts) : []) {
    const turn = { list: sourceLines, sources: sourceParagraphs }[/\.(list|sources)$/.exec(name)?.[1]];
    if (turn !== undefined) put(`parts-${name}`, turn(readFileSync(join(parts, name), 'utf8')));
  }
  const configuration = join(folder, 'apt.conf');
  // What other packages hang on an update is about the machine's own lists.
  const text = `
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${folder}/sources";
Dir::State::lists "${folder}/lists";
Dir::Cache "${folder}/cache";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
  writeFileSync(configuration, text);
  return configuration;
}

const descriptionIn = (folder) => readdirSync(folder).find((name) => name.endsWith('.dsc'));

/**
 * Fetches the files of a source package into a folder below `cache`, if they are not there. Resolves to the path of the
 * package's description (.dsc), beside which the other files lie.
 */
export async function fetchSource(cache, { package: name, version }) {
  const folder = join(cache, `${name}-${withoutEpoch(version)}-source`);
  if (existsSync(folder)) return join(folder, descriptionIn(folder));
  const scratch = mkdtempSync(join(tmpdir(), 'bypassbench-apt-'));
  const files = mkdtempSync(join(cache, 'fetching-'));
  try {
    const { succeeded } = await step({
      doing: `fetching the source of ${name} ${version}`,
      done: `fetched the source of ${name} ${version}`,
      command: 'sh',
      args: [join(import.meta.dirname, 'fetch.sh'), configureApt(scratch), name, version],
      cwd: files,
    });
    if (!succeeded || descriptionIn(files) === undefined) {
      throw new NotBuilt(
        `apt could not fetch the source of ${name} ${version}: is its archive reachable, and this version still there ` +
          '(apt-get update; apt-get install --only-upgrade redis-server)? Run this again then',
      );
    }
    moveIntoPlace(files, folder);
  } finally {
    for (const left of [scratch, files]) rmSync(left, { recursive: true, force: true });
  }
  return join(folder, descriptionIn(folder));
}

/** Renames a folder that is complete. Where another set-up was quicker, its folder stays. */
export function moveIntoPlace(folder, place) {
  try {
    renameSync(folder, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
    rmSync(folder, { recursive: true });
  }
}
