// The verdict of three: held, broken, or unknown.
import { ANOMALIES, type Anomaly, anomalyWords, grouped } from './anomaly.js'

export type Verdict = 'held' | 'broken' | 'unknown'

/** What can break sessions, and how often it happened: what was not exercised was not judged either. */
export interface Exercised {
  /** Visits sent while another visit of the same session was under way. */
  overlappingVisits: number
  /** Visits answered by another instance than the session's visit before; null if no answer names its instance. */
  instanceChanges: number | null
  /** Sessions destroyed while visits to them were under way. */
  destroysInFlight: number
  /** Times in which requests failed. */
  outages: number
}

/** All that the verdict rests on. */
export interface Evidence {
  browsers: number
  visits: { acknowledged: number; failed: number }
  anomalies: Readonly<Record<Anomaly, number>>
  /** What could not be judged: neither good nor bad. */
  unjudged: { sessions: number; destroys: number }
  exercised: Exercised
  /** Failed visits that are forgiven. */
  maxFailed: number
  /** Instances that stayed idle although that is not allowed. */
  idleInstances?: number
}

/** @returns the verdict, and the sentence that says it: broken if anything broke, else unknown if anything was not judged */
export function judge(evidence: Evidence): { verdict: Verdict; sentence: string } {
  const { visits, anomalies, unjudged, idleInstances = 0 } = evidence
  const wrongs = [
    ...ANOMALIES.map((anomaly) => anomalies[anomaly] > 0 && anomalyWords(anomaly, anomalies[anomaly])),
    visits.failed > evidence.maxFailed && `${counted(visits.failed, 'visit')} failed`,
    idleInstances > 0 && `${counted(idleInstances, 'instance')} idle`,
  ].filter((wrong) => wrong !== false)
  const open = [
    visits.acknowledged === 0 && 'no visit was acknowledged',
    unjudged.sessions > 0 && `${counted(unjudged.sessions, 'session')} could not be read at the end`,
    unjudged.destroys > 0 && `${counted(unjudged.destroys, 'destroyed session')} could not be judged`,
  ].filter((reason) => reason !== false)
  if (wrongs.length > 0) return { verdict: 'broken', sentence: `Broken: ${[...wrongs, ...open].join(', ')}.` }

  const failed = visits.failed === 0 ? '0 failed' : `${counted(visits.failed, 'visit')} failed, as allowed`
  const so = `${counted(visits.acknowledged, 'visit')} of ${counted(evidence.browsers, 'browser')}, ${failed}, 0 lost, 0 double-counted, 0 sessions reset`
  if (open.length > 0)
    return { verdict: 'unknown', sentence: `Unknown: ${open.join(', ')}; otherwise ${so}.` }
  return { verdict: 'held', sentence: `Held: ${so}. Exercised: ${exercisedWords(evidence.exercised)}.` }
}

/** @returns `3,120 overlapping visits, 100 destroys in flight, …`; what did not happen is named, too */
export function exercisedWords(exercised: Exercised): string {
  const { overlappingVisits, destroysInFlight, instanceChanges, outages } = exercised
  return [
    counted(overlappingVisits, 'overlapping visit'),
    counted(destroysInFlight, 'destroy in flight', 'destroys in flight'),
    instanceChanges === null
      ? 'changes of instance unknown'
      : counted(instanceChanges, 'change of instance', 'changes of instance'),
    counted(outages, 'outage'),
  ].join(', ')
}

/** @returns `1 visit`, `2,000 visits` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}
