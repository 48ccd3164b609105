import type { Report } from './report.js'
import { counted } from './words.js'

type Judged = Pick<Report, 'faults' | 'browsers'> & {
  visits: Pick<Report['visits'], 'acknowledged' | 'failed'>
}

/**
 * @param maxFailed failed visits that are forgiven
 * @returns the verdict, and the sentence that says it
 */
export function judge(
  { visits, faults, browsers }: Judged,
  maxFailed: number,
): Pick<Report, 'verdict' | 'sentence'> {
  const wrongs = [
    faults.lost > 0 && `${counted(faults.lost, 'acknowledged visit')} lost`,
    faults['counted twice'] > 0 && `${counted(faults['counted twice'], 'visit')} counted twice`,
    faults['seen twice'] > 0 && `${counted(faults['seen twice'], 'number')} seen twice`,
    faults['went back'] > 0 && `${counted(faults['went back'], 'count')} went back`,
    faults.reset > 0 && `${counted(faults.reset, 'session')} reset`,
    faults.resurrected > 0 && `${counted(faults.resurrected, 'session')} back after they were destroyed`,
    faults.unread > 0 && `${counted(faults.unread, 'session')} could not be read`,
    visits.acknowledged === 0 && 'no visit was acknowledged',
    visits.failed > maxFailed && `${counted(visits.failed, 'visit')} failed`,
  ].filter((wrong) => wrong !== false)
  if (wrongs.length > 0) return { verdict: 'broken', sentence: `Broken: ${wrongs.join(', ')}.` }

  const failed = visits.failed === 0 ? '0 failed' : `${counted(visits.failed, 'visit')} failed, as allowed`
  return {
    verdict: 'held',
    sentence: `Held: ${counted(visits.acknowledged, 'visit')} of ${counted(browsers, 'browser')}, ${failed}, 0 lost, 0 counted twice, 0 sessions reset.`,
  }
}
