/** Kernel modules in the order in which they can be loaded, from depmod's modules.dep. */

/**
 * Paths of the `wanted` modules and of all that they need, each behind what it needs. Throws for a module that there is
 * not. A line of modules.dep has a module's path and those of all that it needs, the nearest first.
 */
export function loadingOrder(modulesDep: string, wanted: readonly string[]): string[] {
  const needs = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [path, rest] = line.split(':');
    if (rest !== undefined) needs.set(path, rest.split(' ').filter(Boolean));
  }
  const order: string[] = [];
  const add = (path: string) => {
    if (order.includes(path)) return;
    for (const needed of [...(needs.get(path) ?? [])].reverse()) add(needed);
    order.push(path);
  };
  for (const name of wanted) {
    const path = [...needs.keys()].find((one) => new RegExp(`(^|/)${name}\\.ko(\\.[a-z]+)?$`).test(one));
    if (path === undefined) throw new Error(`the kernel has no module ${name}`);
    add(path);
  }
  return order;
}
