import type { Redis } from 'ioredis'

/** Puts a text of so many bytes into each session under these keys, in whatever form its store keeps it. */
export async function enlarge(redis: Redis, keys: Iterable<string>, bytes: number): Promise<void> {
  const text = 'x'.repeat(bytes)
  for (const key of keys) {
    const type = await redis.type(key)
    if (type === 'hash') await redis.hset(key, ':text', JSON.stringify(text))
    if (type !== 'string') continue
    const data = JSON.parse((await redis.get(key)) ?? '{}') as object
    await redis.set(key, JSON.stringify({ ...data, text }), 'KEEPTTL')
  }
}
