/** `bypassbench doctor`: what of the libOS works on this machine. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { examine, type Finding } from './dpdk/doctor.ts';

export function command(): Command {
  return new Command('doctor')
    .description(
      `Tries each of DPDK's devices on this machine, and says what is missing where one does not work.

memif needs nothing; tap, af_packet and af_xdp are tried as root only, in a network namespace of their own; NICs are
looked at and left alone.`,
    )
    .option('--json', 'print the findings as JSON', false)
    .action(doctor);
}

async function doctor({ json }: { json: boolean }): Promise<void> {
  const showProgress = !json && process.stderr.isTTY;
  const findings = await examine(({ what }) => {
    if (showProgress) process.stderr.write(`\r\x1b[K${what}`);
  });
  if (showProgress) process.stderr.write('\r\x1b[K');
  console.log(json ? JSON.stringify(findings, null, 2) : table(findings));
}

function table(findings: Finding[]): string {
  const width = Math.max(60, Math.min(process.stdout.columns ?? 110, 140));
  const rows = new Table({
    head: ['', 'here', 'found, and what to do'],
    colWidths: [20, 8, width - 32],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { what, works, found, remedy } of findings) {
    rows.push([
      what,
      works === null ? '-' : works ? 'yes' : 'no',
      remedy === null ? found : `${found}\n-> ${remedy}`,
    ]);
  }
  return rows.toString();
}
