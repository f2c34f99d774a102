/** For the programs of a run: one that hangs in the backend does not notice that who has started it is gone. */
import { libc } from '../native/libc.ts';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** The kernel ends this process with its parent, however that ends (prctl(2)). */
export function endWithParent(): void {
  const prctl = libc.func('prctl', 'int', ['int', 'uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t']);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) !== 0) throw new Error('prctl: no end with the parent');
}
