import { describe, expect, it, test } from 'vitest';
import { askEthtool, ethtoolField, ethtoolSettings, whyNot } from './ethtool.ts';

/** A ConnectX-5 as version 6.1 prints it, shortened. */
const coalescing = `Coalesce parameters for ens1f1np1:
Adaptive RX: on  TX: off
stats-block-usecs: n/a
sample-interval: n/a
pkt-rate-low: n/a

rx-usecs: 8
rx-frames: 128
rx-usecs-irq: n/a

tx-usecs: 16
tx-frames: 32

CQE mode RX: on  TX: off
`;

/** Of virtio, as version 6.1 prints them. */
const rings = `Ring parameters for eth0:
Pre-set maximums:
RX:		512
RX Mini:	n/a
RX Jumbo:	n/a
TX:		512
Current hardware settings:
RX:		256
RX Mini:	n/a
RX Jumbo:	n/a
TX:		128
RX Buf Len:		n/a
CQE Size:		n/a
TX Push:	off
TCP data split:	n/a
`;

const channels = `Channel parameters for v0:
Pre-set maximums:
RX:		2
TX:		2
Other:		n/a
Combined:	n/a
Current hardware settings:
RX:		1
TX:		1
Other:		n/a
Combined:	n/a
`;

const features = `Features for eth0:
rx-checksumming: on [fixed]
tx-checksumming: on
	tx-checksum-ipv4: off [fixed]
	tx-checksum-ip-generic: on
generic-receive-offload: on
large-receive-offload: off [requested on]
`;

describe('what ethtool prints', () => {
  it('is read by the names by which it is set', () => {
    expect(ethtoolSettings(coalescing)).toEqual({
      'adaptive-rx': 'on',
      'adaptive-tx': 'off',
      'rx-usecs': '8',
      'rx-frames': '128',
      'tx-usecs': '16',
      'tx-frames': '32',
      'cqe-mode-rx': 'on',
      'cqe-mode-tx': 'off',
    });
    expect(ethtoolSettings(features)).toEqual({
      'rx-checksumming': 'on [fixed]',
      'tx-checksumming': 'on',
      'tx-checksum-ipv4': 'off [fixed]',
      'tx-checksum-ip-generic': 'on',
      'generic-receive-offload': 'on',
      'large-receive-offload': 'off [requested on]',
    });
  });

  it('has of rings and channels those in use, not the most that there may be', () => {
    expect(ethtoolSettings(rings)).toEqual({ rx: '256', tx: '128', 'tx-push': 'off' });
    expect(ethtoolSettings(channels)).toEqual({ rx: '1', tx: '1' });
  });

  it('is nothing where nothing is told', () => {
    expect(ethtoolSettings('')).toEqual({});
    expect(
      ethtoolSettings('Coalesce parameters for x:\nAdaptive RX: n/a  TX: n/a\nrx-usecs:\tn/a\n'),
    ).toEqual({});
  });

  it('has a driver, and perhaps firmware', () => {
    const identity = 'driver: virtio_net\nversion: 1.0.0\nfirmware-version: \nbus-info: 0000:00:03.0\n';
    expect(
      ['driver', 'version', 'firmware-version', 'bus-info'].map((name) => ethtoolField(identity, name)),
    ).toEqual(['virtio_net', '1.0.0', null, '0000:00:03.0']);
    expect(ethtoolField('firmware-version: N/A\n', 'firmware-version')).toBeNull();
  });

  it.each([
    ['netlink error: Operation not supported\n', 'its driver does not tell (Operation not supported)'],
    [
      'Cannot get driver information: Operation not supported\n',
      'its driver does not tell (Operation not supported)',
    ],
    ['', 'its driver does not tell'],
  ])('is a reason where it fails: %s', (said, reason) => {
    expect(whyNot(said)).toBe(reason);
  });
});

test('ethtool itself is asked, of an interface that every machine has', async () => {
  const told = await askEthtool('-k', 'lo');
  if ('why' in told) expect(told.why).toContain('apt-get install ethtool');
  else expect(ethtoolSettings(told.text)).toMatchObject({ loopback: 'on [fixed]' });
});
