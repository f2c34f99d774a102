/**
 * Which of the kernel's modules must be loaded, and in which order, to have some of them. What each needs is in its own
 * file; modules.dep, which says the same, exists only where a kernel is installed.
 */
import { basename } from 'node:path';

/** A module's name from its file's: `kernel/fs/9p/9p.ko.xz` is `9p`. The kernel takes - and _ for the same. */
export const moduleName = (path: string): string =>
  basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');

/** The names of the modules that one needs, from its object file: there, strings of `name=value` end in a zero. */
export function neededBy(object: Buffer): string[] {
  const label = Buffer.from('\0depends=');
  const found = object.indexOf(label);
  if (found < 0) throw new Error('this is no kernel module: it does not say what it depends on');
  const start = found + label.length;
  const names = object.toString('latin1', start, object.indexOf(0, start));
  return names.split(',').filter(Boolean).map(moduleName);
}

/**
 * The modules to be loaded one after the other, each after what it needs and none twice; what is earlier in `wanted`
 * comes first. `needs` says what a module needs, or null when it is part of the kernel's image.
 */
export async function loadOrder(
  wanted: string[],
  needs: (name: string) => Promise<string[] | null>,
): Promise<string[]> {
  const order: string[] = [];
  const seen = new Set<string>();
  const load = async (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    const needed = await needs(name);
    if (needed === null) return;
    for (const other of needed) await load(other);
    order.push(name);
  };
  for (const name of wanted) await load(name);
  return order;
}
