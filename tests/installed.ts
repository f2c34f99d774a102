/** This project as `npm pack` gives it, installed into another one, without a registry. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { read, root } from './source-tree.ts';

const run = promisify(execFile);
/** What `node scripts/setup.mjs` would build there. */
const built = ['libos/native/build', 'loadgen/floor/native/build'];

interface Lock {
  packages: Record<string, { dev?: boolean }>;
}

/** Packs the package in `from` and unpacks it in `to`, as npm would install it there. */
export async function packAndInstall(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  const into = mkdtempSync(join(to, '..', 'packed-'));
  await run('npm', ['pack', '--pack-destination', into], { cwd: from });
  const [tarball] = readdirSync(into);
  await run('tar', ['-xzf', join(into, tarball), '-C', to, '--strip-components=1']);
  rmSync(into, { recursive: true });
}

/** Has `project` see packages of ours, with their commands, as if it had installed them. */
export function linkPackages(project: string, ...names: string[]): void {
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  for (const name of names) {
    const ours = join(root, 'node_modules', name);
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(ours, join(modules, name));
    const { bin = {} } = JSON.parse(readFileSync(join(ours, 'package.json'), 'utf8'));
    const commands = typeof bin === 'string' ? { [name]: bin } : (bin as Record<string, string>);
    for (const [command, file] of Object.entries(commands)) {
      const place = join(modules, '.bin', command);
      if (!existsSync(place)) symlinkSync(join(ours, file), place);
    }
  }
}

/**
 * Installs this project into `project`, with what it depends on beside it and nothing that only its tests need; returns
 * its folder there.
 */
export async function installInto(project: string): Promise<string> {
  const installed = join(project, 'node_modules', 'bypassbench');
  await packAndInstall(root, installed);
  const { packages } = JSON.parse(read('package-lock.json')) as Lock;
  const needed = Object.entries(packages).flatMap(([place, { dev }]) => {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place) ?? [];
    return name !== undefined && !dev && existsSync(join(root, place)) ? [name] : [];
  });
  linkPackages(project, ...needed);
  symlinkSync('../bypassbench/bin/bypassbench', join(project, 'node_modules/.bin/bypassbench'));
  for (const folder of built.filter((folder) => existsSync(join(root, folder)))) {
    cpSync(join(root, folder), join(installed, folder), { recursive: true });
  }
  return installed;
}
