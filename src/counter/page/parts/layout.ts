// Where the parts of the picture are.
/** The picture lies on wide screens and stands on phones: a place is along the way of a request, and across it. */
export interface Frame {
  readonly name: 'wide' | 'tall'
  readonly along: { browser: Span; balancer: Span; instances: Span; redis: Span }
  /** How much the picture takes across: at least, and as long as the instances have room in it. */
  readonly across: readonly [least: number, most: number]
  readonly pitch: readonly [least: number, most: number]
  /** The most that one instance takes of its pitch. */
  readonly thickest: number
  /** The most that one instance takes along the way. */
  readonly longest: number
}

export type Span = readonly [from: number, to: number]

export const WIDE: Frame = {
  name: 'wide',
  along: { browser: [6, 116], balancer: [186, 286], instances: [382, 548], redis: [640, 734] },
  across: [200, 372],
  pitch: [28, 66],
  thickest: 48,
  longest: 166,
}

export const TALL: Frame = {
  name: 'tall',
  along: { browser: [3, 43], balancer: [68, 98], instances: [132, 192], redis: [228, 299] },
  across: [360, 360],
  pitch: [20, 86],
  thickest: 74,
  longest: 46,
}

export interface Slot {
  /** Where it begins and ends along the way. */
  readonly along: Span
  /** Its middle across the way. */
  readonly across: number
}

interface Layout {
  readonly slots: readonly Slot[]
  /** How much a slot takes across the way. */
  readonly thickness: number
  /** How much the picture takes across the way. */
  readonly across: number
}

const ONE_RANK = 12
const BETWEEN_RANKS = 14

/** Places the instances: side by side in one rank, more of them in two, where those of the second stand in the gaps of the first. */
export function layout({ along, across, pitch: [least, most], ...frame }: Frame, instances: number): Layout {
  const ranks = instances > ONE_RANK ? 2 : 1
  const places = Math.ceil(instances / ranks) + (ranks - 1) / 2
  const pitch = Math.max(least, Math.min(most, across[1] / places))
  const gap = pitch > 40 ? 12 : 5
  const total = Math.max(across[0], places * pitch)
  const [from, to] = along.instances
  const length = Math.min(frame.longest, (to - from - (ranks - 1) * BETWEEN_RANKS) / ranks)
  const inset = (to - from - ranks * length - (ranks - 1) * BETWEEN_RANKS) / 2
  const slots = Array.from({ length: instances }, (_, turn) => {
    const rank = turn % ranks
    const start = from + inset + rank * (length + BETWEEN_RANKS)
    return {
      along: [start, start + length] as const,
      across: (total - places * pitch) / 2 + (Math.floor(turn / ranks) + 0.5 + rank / 2) * pitch,
    }
  })
  return { slots, thickness: Math.min(frame.thickest, pitch - gap), across: total }
}
