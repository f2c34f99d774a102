/** `bypassbench doctor`: what of the libOS works on this machine. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { examineDpdk } from './dpdk/doctor.ts';
import { type DoctorFinding, examineMachine } from './finding.ts';
import { examineRdma } from './rdma/doctor.ts';

export function command(): Command {
  return new Command('doctor')
    .description(
      `Tries what each backend of the libOS runs on here, and says what is missing where something does not work.

Of DPDK's devices memif needs nothing; tap, af_packet and af_xdp are tried as root only, in a network namespace of their
own; NICs are looked at and left alone. Of libfabric's providers an endpoint is opened and closed.`,
    )
    .option('--json', 'print the findings as JSON', false)
    .action(doctor);
}

async function doctor({ json }: { json: boolean }): Promise<void> {
  const showProgress = !json && process.stderr.isTTY;
  const findings: DoctorFinding[] = [];
  for (const part of [examineMachine, examineDpdk, examineRdma]) {
    for await (const finding of part()) {
      if (showProgress) process.stderr.write(`\r\x1b[K${finding.what}`);
      findings.push(finding);
    }
  }
  if (showProgress) process.stderr.write('\r\x1b[K');
  console.log(json ? JSON.stringify(findings, null, 2) : table(findings));
}

function table(findings: DoctorFinding[]): string {
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
