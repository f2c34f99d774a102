import { describe, expect, it } from 'vitest';
import { chooseAccelerator, type KvmTrial } from './accelerator.ts';

const choose = (trial: Partial<KvmTrial>) => {
  const { arguments: words, about } = chooseAccelerator({
    hasExtensions: true,
    started: false,
    said: '',
    ...trial,
  });
  return { qemu: words.join(' '), about };
};

describe('the accelerator', () => {
  it('is KVM where a machine starts with it, whatever QEMU warns of', () => {
    const { qemu, about } = choose({ started: true, said: 'warning: nested' });
    expect(qemu).toMatch(/-accel kvm.* -cpu host/);
    expect(about).toBe('with KVM');
  });

  it('is none where that fails, and the first reason that QEMU gives is said', () => {
    const said =
      'qemu-system-x86_64: Could not access KVM kernel module: No such device\n' +
      'qemu-system-x86_64: -accel kvm,kernel-irqchip=split: failed to initialize kvm: No such device\n';
    const { qemu, about } = choose({ said });
    expect(qemu).toMatch(/-accel tcg.* -cpu max/);
    expect(about).toBe('emulated, without KVM: Could not access KVM kernel module: No such device');
    expect(choose({ said: '\n' }).about).toContain('does not say why');
  });

  it('is none on a processor that does not virtualize, also where KVM would start', () => {
    const { qemu, about } = choose({ hasExtensions: false, started: true });
    expect(qemu).toContain('-accel tcg');
    expect(about).toContain('neither vmx nor svm');
  });
});
