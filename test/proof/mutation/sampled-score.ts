// What a part of the mutants says of all of them.

/** Of one file. */
export interface Stratum {
  readonly mutants: number
  readonly tried: number
  readonly noticed: number
}

export interface SampledScore {
  /** In percent. */
  readonly score: number
  /** By how much it may be off with a probability of 5 %, in percent. */
  readonly margin: number
  /** How many mutants it speaks of: those of files of which none was tried are left out. */
  readonly mutants: number
}

/**
 * The score of each file counts by its number of mutants, so files of which more were tried weigh no more. Within a file those that
 * were tried have to be an even sample. (A file of which all or none were noticed is taken to have one more of the other kind: a
 * few mutants say little.)
 */
export function sampledScore(files: readonly Stratum[]): SampledScore {
  const known = files.filter(({ tried }) => tried > 0)
  const mutants = known.reduce((sum, file) => sum + file.mutants, 0)
  let [score, variance] = [0, 0]
  for (const file of known) {
    const weight = file.mutants / mutants
    const share = (file.noticed + 1) / (file.tried + 2)
    const left = (file.mutants - file.tried) / file.mutants
    score += (weight * file.noticed) / file.tried
    variance += (weight ** 2 * share * (1 - share) * left) / file.tried
  }
  return { score: 100 * score, margin: 100 * 1.96 * Math.sqrt(variance), mutants }
}
