/**
 * What `bypassbench doctor` says of NICs that the kernel has, run by scripts/guest: what each lacks and what to do;
 * that is done to the letter, and then it says that they work. Its other findings would take minutes where the
 * processor is emulated.
 *
 *     node test-doctor-of-nics.ts ADDRESS...      on the PCI bus
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { DoctorFinding } from '../finding.ts';
import { examineNics } from './doctor.ts';

const nics = process.argv.slice(2).map((address) => `pci ${address}`);
/** Of a remedy: behind that come commands. */
const COMMANDS = 'as root: ';

async function examine(): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for await (const finding of examineNics(true)) {
    const { what, works, found, remedy } = finding;
    console.log(`${what}: ${works ? 'yes' : 'no'}: ${found}${remedy === null ? '' : `\n  -> ${remedy}`}`);
    findings.push(finding);
  }
  assert.deepEqual(
    findings.map(({ what }) => what),
    nics,
  );
  return findings;
}

for (const { works, remedy } of await examine()) {
  assert.equal(works, false);
  const [, commands] = remedy!.split(COMMANDS);
  execFileSync('sh', ['-ec', commands], { stdio: 'inherit' });
}
for (const { works, remedy } of await examine()) {
  assert.deepEqual({ works, remedy }, { works: true, remedy: null });
}
