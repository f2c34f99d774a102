/** The backends of the libOS in words, as their descriptors called them when the run was made. */
import type { Manifest, RunBackend } from '../formats/index.ts';

type Run = Pick<Manifest, 'backends'>;

/** "RDMA"; of one from outside "Pipes (pipes-backend 1.2.0)"; where an older run does not say, its name. */
export function backendInWords({ backends }: Run, name: string): string {
  const found = backends.find((one) => one.name === name);
  if (found === undefined) return name;
  return found.module === null ? found.title : `${found.title} (${moduleInWords(found.module)})`;
}

/** Which backends are none of this project's: nothing where all are. */
export function outsideBackends({ backends }: Run): string[] {
  const outside = backends.flatMap(({ title, module }) =>
    module === null ? [] : [`${title} (${moduleInWords(module)})`],
  );
  if (outside.length === 0) return [];
  return [`${outside.length === 1 ? 'Backend' : 'Backends'} from outside: ${outside.join(', ')}.`];
}

const HASH_DIGITS = 12;

/** "pipes-backend 1.2.0, 0123456789ab": the version is what its author says, the hash what ran. */
export function moduleInWords({ package: name, version, sha256 }: NonNullable<RunBackend['module']>): string {
  const known = name === null ? [] : [version === null ? name : `${name} ${version}`];
  return [...known, sha256.slice(0, HASH_DIGITS)].join(', ');
}
