/** How a soak's requests went. */
export interface Tally {
  answered: number
  failed: number
  /** How often they failed with what: a status, or a code of the socket's. */
  readonly failures: Record<string, number>
  /** Answers with another number than this visitor's next: a visit was lost, or counted twice. */
  wrong: number
  came: number
}

interface Visitor {
  cookie: string
  visits: number
  left: number
}

const AT_ONCE = 200
const MOST_VISITS = 40

/**
 * Visitors who come, visit up to 40 times and go: half of them log out, half just stay away. At an even rate, until it is over.
 * @param rate requests/s
 * @param tally is kept up to date
 */
export async function visitors(url: string, rate: number, seconds: number, tally: Tally): Promise<void> {
  const free: Visitor[] = Array.from({ length: AT_ONCE }, newVisitor)
  const end = performance.now() + seconds * 1000
  const open = new Set<Promise<void>>()
  let sent = 0
  const began = performance.now()
  while (performance.now() < end) {
    const due = ((performance.now() - began) / 1000) * rate
    while (sent < due) {
      sent += 1
      const visitor = free.shift()
      // All of them wait for an answer: a slow server is not asked more.
      if (!visitor) continue
      const asked: Promise<void> = act(url, visitor, tally).then((next) => {
        free.push(next)
        open.delete(asked)
      })
      open.add(asked)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await Promise.all(open)

  function newVisitor(): Visitor {
    tally.came += 1
    return { cookie: '', visits: 0, left: Math.ceil(Math.random() * MOST_VISITS) }
  }

  async function act(base: string, visitor: Visitor, seen: Tally): Promise<Visitor> {
    const goes = visitor.left === 0
    if (goes && Math.random() < 0.5) return newVisitor()
    const [path, method] = goes ? ['/api/session', 'DELETE'] : ['/', 'GET']
    try {
      const response = await fetch(base + path, { method, headers: { cookie: visitor.cookie } })
      const text = await response.text()
      if (!response.ok) throw new Error(`${response.status}`)
      seen.answered += 1
      if (goes) return newVisitor()
      const { visits } = JSON.parse(text) as { visits: number }
      if (visits !== visitor.visits + 1) seen.wrong += 1
      visitor.visits = visits
      visitor.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? visitor.cookie
      visitor.left -= 1
      return visitor
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } }
      const reason = cause?.code ?? message
      seen.failed += 1
      seen.failures[reason] = (seen.failures[reason] ?? 0) + 1
      // Whether it counted is not known, so this one's number is no longer known either.
      return newVisitor()
    }
  }
}
