/** What a backend from outside is made of, so that a run can say what exactly it measured. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface BackendFiles {
  /** Of the package that its module lies in; null where that is none, or says none. */
  package: string | null;
  version: string | null;
  /** SHA-256 over all of them, each with its name as seen from the module: the same wherever they lie. */
  sha256: string;
  count: number;
}

/** `module` is the URL of the one that was named, `files` those of all, it included. */
export function filesOf(module: string, files: readonly string[]): BackendFiles {
  const folder = dirname(fileURLToPath(module));
  const hash = createHash('sha256');
  const paths = [...new Set(files.map((url) => fileURLToPath(url)))].map((path) => ({
    path,
    name: relative(folder, path),
  }));
  for (const { path, name } of paths.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const bytes = readFileSync(path);
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return { ...packageOf(folder), sha256: hash.digest('hex'), count: paths.length };
}

/** The nearest package.json that has a name, from `folder` upwards. */
function packageOf(folder: string): Pick<BackendFiles, 'package' | 'version'> {
  const file = join(folder, 'package.json');
  if (existsSync(file)) {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof name === 'string')
      return { package: name, version: typeof version === 'string' ? version : null };
  }
  const above = dirname(folder);
  return above === folder ? { package: null, version: null } : packageOf(above);
}
