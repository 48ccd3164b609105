import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layout, TALL, WIDE } from '../../../../src/counter/page/parts/layout.js'
import { picture } from '../../../../src/counter/page/parts/picture.js'
import { colour, label } from '../../../../src/counter/page/parts/words.js'

const instance = (index: number) => ({ id: `instance-${index}`, index, startedAt: 0 })
const scene = (instances: number, ended = '') => ({
  visits: 3,
  store: 'exact' as const,
  instance: { id: `instance-0${ended}`, index: 0 },
  instances: Array.from({ length: instances }, (_, index) => instance(index)),
  redisAway: false,
  pinned: 0,
})

describe.each([WIDE, TALL])('the layout, $name', (frame) => {
  it('gives up to 32 instances places of their own, in the order of the request’s way', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), (instances) => {
        const { slots, thickness, across } = layout(frame, instances)
        expect(slots).toHaveLength(instances)
        for (const [turn, slot] of slots.entries()) {
          expect(slot.along[0]).toBeGreaterThan(frame.along.balancer[1])
          expect(slot.along[1]).toBeLessThan(frame.along.redis[0])
          expect(slot.across - thickness / 2).toBeGreaterThanOrEqual(0)
          expect(slot.across + thickness / 2).toBeLessThanOrEqual(across)
          for (const other of slots.slice(turn + 1)) {
            const apart = Math.abs(slot.across - other.across) >= thickness
            const elsewhere = slot.along[1] < other.along[0] || other.along[1] < slot.along[0]
            expect(apart || elsewhere).toBe(true)
          }
        }
      }),
    )
  })
})

describe('the picture', () => {
  it('lights only the instance that answered', () => {
    const drawn = picture(scene(4)).markup
    expect(drawn.match(/class="node [^"]*lit/g)).toHaveLength(2)
    expect(picture(scene(4, ' that ended')).markup).not.toMatch(/class="node [^"]*lit/)
  })

  it('says in words what it shows', () => {
    const shown = picture({ ...scene(1), redisAway: true }).markup
    expect(shown).toContain(
      'aria-label="Browser, load balancer, 1 instance, Redis. Instance 0 answered last; Redis can’t be reached."',
    )
  })

  it('sends no request to Redis where sessions are in memory', () => {
    const drawn = picture({ ...scene(2), store: 'memory' }).markup
    expect(drawn).toContain('not used')
  })
})

describe('an instance', () => {
  it('keeps its colour over a restart by its index, and anywhere by its id', () => {
    expect(colour({ id: 'a', index: 3 })).toBe(colour({ id: 'b', index: 3 }))
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(colour({ id, index: null })).toMatch(/^c([0-9]|1[0-5])$/)
      }),
    )
  })

  it('is named by its index, or by the end of its pod’s name', () => {
    expect(label({ id: 'a3f', index: 2 })).toBe('2')
    expect(label({ id: 'redissessions-7f9c-x2kp4', index: null })).toBe('x2kp4')
    expect(label({ id: '', index: null })).toBe('')
  })
})
