/** Session settings that the migrations read with `current_setting(name, true)`; SQL cannot see the environment. */
export function migrationSettings(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const chunkInterval = environment.WYCKOFF_CHUNK_INTERVAL;
  return chunkInterval ? { 'wyckoff.chunk_interval': chunkInterval } : {};
}
