/**
 * What somebody who tunes a kernel for latency would look at, as this run found it. A run changes none of it, but what
 * a system asks for (`sysctl`), and that for its own trials only.
 */
import type { Manifest } from '../../results/formats/index.ts';
import { KernelFiles } from './kernel-files.ts';

type Knob = Manifest['machine']['knobs'][number];

/** Of the machine; what is of its network interfaces nics.ts tells. `root` is where /proc and /sys are. */
export function readKnobs(root = '/'): Knob[] {
  const files = new KnobFiles(root);
  return [...files.processor(), ...files.scheduling(), ...files.memory(), ...files.polling()];
}

const NO_CPUFREQ = 'this kernel sets no frequency (no cpufreq), as in most virtual machines';

class KnobFiles extends KernelFiles {
  processor(): Knob[] {
    const governors = this.list('sys/devices/system/cpu')
      .filter((name) => /^cpu\d+$/.test(name))
      .flatMap((name) => this.read(`sys/devices/system/cpu/${name}/cpufreq/scaling_governor`) ?? []);
    const noTurbo = this.read('sys/devices/system/cpu/intel_pstate/no_turbo');
    const boost = this.read('sys/devices/system/cpu/cpufreq/boost');
    const isOn = noTurbo === null ? boost === '1' : noTurbo === '0';
    const turbo = noTurbo === null && boost === null ? null : isOn ? 'on' : 'off';
    return [
      knob('governor', [...new Set(governors)].join(', ') || null, NO_CPUFREQ),
      knob('turbo', turbo, NO_CPUFREQ),
      knob('mitigations', this.#mitigations(), 'this kernel does not say'),
    ];
  }

  /** `default; active: spectre_v1, spectre_v2; vulnerable: spec_store_bypass` */
  #mitigations(): string | null {
    const folder = 'sys/devices/system/cpu/vulnerabilities';
    const names = this.list(folder);
    if (names.length === 0) return null;
    const asked = /(?:^|\s)mitigations=(\S+)/.exec(this.read('proc/cmdline') ?? '')?.[1];
    const which = (start: string): string =>
      names.filter((name) => this.read(`${folder}/${name}`)?.startsWith(start)).join(', ') || 'none';
    return `${asked ?? 'default'}; active: ${which('Mitigation')}; vulnerable: ${which('Vulnerable')}`;
  }

  scheduling(): Knob[] {
    const cores = (file: string): string | null => {
      const list = this.read(`sys/devices/system/cpu/${file}`);
      return list === '' || list === '(null)' ? 'no core' : list;
    };
    return [
      knob('nohz_full', cores('nohz_full'), 'this kernel is built without it'),
      knob('isolcpus', cores('isolated'), 'this kernel does not say'),
    ];
  }

  memory(): Knob[] {
    const chosen = this.chosen('sys/kernel/mm/transparent_hugepage/enabled');
    return [knob('transparent huge pages', chosen, 'this kernel is built without them')];
  }

  polling(): Knob[] {
    return ['busy_poll', 'busy_read'].map((name) => {
      const us = this.read(`proc/sys/net/core/${name}`);
      const value = us === null ? null : us === '0' ? 'off' : `${us} us`;
      return knob(`net.core.${name}`, value, 'this kernel is built without busy polling');
    });
  }
}

function knob(name: string, value: string | null, otherwise: string): Knob {
  return { name, value, absent: value === null ? otherwise : null };
}
