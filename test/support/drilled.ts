import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { drill } from '../../src/drill/drill.js'
import { until } from './until.js'

/** What a fault did to an app: a row of docs/notes/faults.md. */
export interface Damage {
  readonly visits: number
  readonly failed: number
  /** How they failed, for the client. */
  readonly how: Readonly<Record<string, number>>
  readonly lost: number
  readonly doubled: number
  /** Numbers seen twice or going back, sessions reset or unreadable. */
  readonly otherwise: number
  readonly destroyed: number
  readonly resurrected: number
  readonly longestOutageMs: number
  readonly longestWaitMs: number
}

/** Nothing that was acknowledged is lost, nothing counts twice, nothing comes back. */
export const KEPT = { lost: 0, doubled: 0, otherwise: 0, resurrected: 0 }

/** Drills the counter at this URL with 10 browsers, and 2 that log out all the time, while the fault comes and goes. */
export async function drilled(url: string, fault: () => Promise<void>): Promise<Damage> {
  const ended: string[] = []
  let over = false
  const run = async () => {
    const lanes = [1, 2].map(async () => {
      while (!over) await logOut(url, ended).catch(() => pause(100))
    })
    await until(() => ended.length >= 5)
    await fault()
    const before = ended.length
    await until(() => ended.length >= before + 5)
    over = true
    await Promise.all(lanes)
  }
  const { visits, anomalies, unjudged, failures, outages, longestWait, scenarios } = await drill({
    url,
    seed: 1,
    browsers: 10,
    burst: 1,
    thinkMs: 20,
    destroy: 0,
    scenarios: [{ name: 'fault', intent: 'is there, and goes', run }],
  })
  over = true
  const [done] = scenarios
  if (!done || done.problem) throw new Error(done?.problem ?? 'the fault did not come')
  const alive = await Promise.all(ended.map((cookie) => fetch(`${url}/api/session`, { headers: { cookie } })))
  return {
    visits: visits.attempted,
    failed: visits.failed,
    how: failures,
    lost: anomalies.lost,
    doubled: anomalies.doubleCounted,
    otherwise: anomalies.duplicateNumber + anomalies.wentBack + anomalies.reset + unjudged.sessions,
    destroyed: ended.length,
    resurrected: alive.filter(({ status }) => status !== 404).length,
    longestOutageMs: Math.round(
      Math.max(0, ...outages.map(({ from, to, recovered = to }) => recovered - from)),
    ),
    longestWaitMs: Math.round(longestWait?.ms ?? 0),
  }
}

/** A session's life: it begins, and is destroyed while visits to it are under way. Notes the cookies of those that ended. */
async function logOut(url: string, ended: string[]): Promise<void> {
  const first = await fetch(url)
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0]
  await first.text()
  if (!first.ok || !cookie) throw new Error(`no session: ${first.status}`)
  const headers = { cookie }
  const visits = Promise.allSettled([1, 2, 3].map(async () => (await fetch(url, { headers })).text()))
  const { status } = await fetch(`${url}/api/session`, { method: 'DELETE', headers })
  await visits
  if (status === 204) ended.push(cookie)
}

/** Waits until three requests in a row were refused as the contract says. */
export async function refusals(url: string): Promise<void> {
  for (let refused = 0; refused < 3; ) {
    const response = await fetch(url)
    const body = await response.text()
    if (response.ok) refused = 0
    else {
      expect(response.status).toBe(503)
      expect(response.headers.get('Retry-After')).toBe('1')
      expect(response.headers.get('Content-Type')).toMatch('application/problem+json')
      expect(body).not.toMatch(/127\.0\.0\.1|ECONN|MISCONF/)
      refused += 1
    }
  }
}
