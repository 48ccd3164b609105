import { setTimeout as pause } from 'node:timers/promises'

/** Waits until the condition holds (it may throw meanwhile); fails after patienceMs with what it last said. */
export async function until(condition: () => boolean | Promise<boolean>, patienceMs = 15_000): Promise<void> {
  const give = Date.now() + patienceMs
  for (;;) {
    const held = await Promise.resolve()
      .then(condition)
      .catch((error: unknown) => {
        if (Date.now() > give) throw error
        return false
      })
    if (held) return
    if (Date.now() > give) throw new Error(`did not come about within ${patienceMs} ms: ${condition}`)
    await pause(20)
  }
}
