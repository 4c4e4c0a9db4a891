/** Names of the kernel's capabilities by their numbers (linux/capability.h). */
const names = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
] as const;

/**
 * Capabilities that a file gives to who runs it, or lets it inherit: the attribute security.capability in its three versions
 * (linux/capability.h, struct vfs_ns_cap_data).
 * @returns undefined where the bytes are no such attribute
 */
export function capabilityNames(attribute: Buffer): readonly string[] | undefined {
  const version = attribute.length < 4 ? undefined : attribute.readUInt32LE(0) >>> 24;
  const lengths: Readonly<Record<number, number>> = { 1: 12, 2: 20, 3: 24 };
  if (version === undefined || lengths[version] !== attribute.length) return undefined;
  const found: string[] = [];
  for (let word = 0; word < (version === 1 ? 1 : 2); word += 1) {
    const bits = attribute.readUInt32LE(4 + word * 8) | attribute.readUInt32LE(8 + word * 8);
    for (let bit = 0; bit < 32; bit += 1) {
      if (((bits >>> bit) & 1) === 1) found.push(`cap_${names[word * 32 + bit] ?? String(word * 32 + bit)}`);
    }
  }
  return found;
}
