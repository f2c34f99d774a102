/** How QEMU runs the guest's processors: by KVM where a machine starts with it, else emulated. */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

export interface Accelerator {
  /** Of QEMU. */
  arguments: string[];
  /** For "booting ..., ". */
  about: string;
}

export interface KvmTrial {
  /** The processor virtualizes. */
  hasExtensions: boolean;
  /** An empty machine started with KVM. */
  started: boolean;
  /** By QEMU, on standard error. */
  said: string;
}

const TRIAL_TIMEOUT_MS = 20_000;
/** The emulated IOMMU remaps interrupts, for which it must have the chip that sends them. */
const WITH_KVM = ['-accel', 'kvm,kernel-irqchip=split', '-cpu', 'host'];
const EMULATED = ['-accel', 'tcg,thread=multi', '-cpu', 'max'];

export function chooseAccelerator(trial: KvmTrial): Accelerator {
  if (trial.hasExtensions && trial.started) return { arguments: WITH_KVM, about: 'with KVM' };
  return { arguments: EMULATED, about: `emulated, without KVM: ${whyNot(trial)}` };
}

function whyNot({ hasExtensions, said }: KvmTrial): string {
  // There are kernels whose KVM does without, and then takes minutes until the guest's kernel is unpacked.
  if (!hasExtensions) return 'the processor has neither vmx nor svm';
  const lines = said.split('\n').map((line) => line.replace(/^qemu-system-\w+: /, '').trim());
  return lines.find((line) => line !== '') ?? 'QEMU does not start with it, and does not say why';
}

/** That there is /dev/kvm, and may be opened, does not say that it works: a machine is started with it. */
export async function tryKvm(): Promise<KvmTrial> {
  const hasExtensions = /^flags\s*:.* (vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'utf8'));
  if (!hasExtensions) return { hasExtensions, started: false, said: '' };
  const machine = ['-no-user-config', '-nodefaults', '-display', 'none', '-machine', 'q35', '-m', '64M'];
  const { failed, stderr } = await execa(
    'qemu-system-x86_64',
    [...machine, ...WITH_KVM, '-S', '-monitor', 'stdio'],
    { input: 'quit\n', timeout: TRIAL_TIMEOUT_MS, reject: false },
  );
  return { hasExtensions, started: !failed, said: stderr };
}
