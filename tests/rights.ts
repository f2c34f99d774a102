/**
 * What this process may do, found by doing it: being root says nothing of it in a container, whose root may lack
 * capabilities, or have system calls filtered. For describe.runIf.
 */
import { spawnSync } from 'node:child_process';
import { mapAnonymous } from '../libos/memory/anonymous.ts';
import { libc } from '../libos/native/libc.ts';

const works = (program: string, ...words: string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore' }).status === 0;

/** Network namespaces with a view of /sys of their own, and veth pairs in them. */
export function mayMakeNetworks(): boolean {
  const script = 'mount -t sysfs sysfs /sys && ip link add probe0 type veth peer name probe1';
  return works('unshare', '--net', '--mount', 'sh', '-c', script);
}

/** A tap device, in a network namespace of its own. */
export function mayMakeTap(): boolean {
  return works('unshare', '--net', 'ip', 'tuntap', 'add', 'dev', 'probe0', 'mode', 'tap');
}

/** XDP programs, and sockets that they hand frames to (bpf(2), AF_XDP). */
export function mayUseXdp(): boolean {
  const [AF_XDP, SOCK_RAW] = [44, 3];
  const [SYS_BPF, BPF_MAP_CREATE, BPF_MAP_TYPE_XSKMAP] = [
    { arm64: 280 }[process.arch as string] ?? 321,
    0,
    17,
  ];
  const attributes = mapAnonymous(4096);
  const view = new DataView(attributes.bytes.buffer);
  // Type, bytes of a key and of a value, entries.
  for (const [index, value] of [BPF_MAP_TYPE_XSKMAP, 4, 4, 1].entries()) {
    view.setUint32(4 * index, value, true);
  }
  const bpf = libc.func('syscall', 'long', ['long', 'int', 'uintptr_t', 'uint32_t']);
  const fds = [
    bpf(SYS_BPF, BPF_MAP_CREATE, attributes.address, 72) as number,
    libc.func('int socket(int, int, int)')(AF_XDP, SOCK_RAW, 0) as number,
  ];
  attributes.unmap();
  const close = libc.func('int close(int)');
  for (const fd of fds) if (fd >= 0) close(fd);
  return fds.every((fd) => fd >= 0);
}

/** Other processes' system calls may be watched (ptrace(2)), and there is strace. */
export function mayTrace(): boolean {
  return works('strace', '-qq', '-o', '/dev/null', 'true');
}
