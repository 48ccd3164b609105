import { CouldNotRun } from './could-not-run.js'
import { Connection, type ConnectionOptions } from './http/connection.js'
import { mayPass, RequestFailed, reasonOf } from './http/failure.js'
import type { Plan } from './plan.js'

/**
 * Visits as two strangers do, before the load begins.
 * @returns the number that a new session's first visit gets
 * @throws CouldNotRun when nothing answers, or what answers counts no sessions
 */
export async function probe(plan: Plan, options: ConnectionOptions): Promise<number> {
  const connection = new Connection(plan.url.origin, options)
  try {
    const first = await firstNumber(plan, connection)
    const second = await firstNumber(plan, connection)
    if (first === second) return first
    throw new CouldNotRun(
      `${plan.url.href} counts, but not in sessions: one new visitor was number ${first}, the next number ${second}`,
    )
  } finally {
    await connection.close()
  }
}

async function firstNumber(plan: Plan, connection: Connection): Promise<number> {
  const { visit } = plan.adapter
  const what = `${visit.method} ${new URL(visit.path, plan.url.origin).href}`
  let reason = ''
  // A fault in the very first moment shall not end it; a server that isn't there shall, soon.
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      const answer = await connection.send(visit.method, visit.path, { accept: plan.adapter.accept })
      if (answer.status > 299) throw new RequestFailed(`${answer.status}`)
      const number = plan.adapter.numberOf(answer)
      if (number !== undefined) return number
      reason = 'an answer without a visit number; --adapter says where another app has it'
    } catch (error) {
      reason = reasonOf(error)
      if (!mayPass(reason) || reason === 'refused' || reason === 'timeout') break
    }
  }
  throw new CouldNotRun(`${what}: ${reason}`)
}
