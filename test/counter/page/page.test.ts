import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAssets } from '../../../src/counter/page/assets.js'
import { type PageData, renderPage } from '../../../src/counter/page/page.js'

const assets = readAssets()
const data: PageData = {
  visits: 3,
  trail: [{ at: 1_764_000_000_000, instance: { id: 'a', index: 0 } }],
  instance: { id: 'a', index: 0 },
  store: 'exact',
  instances: [],
  chaos: false,
  noCookie: false,
}
const page = (change: Partial<PageData> = {}) => renderPage({ ...data, ...change }, assets)
const state = (html: string) => JSON.parse(/id="state">(.*?)<\/script>/s.exec(html)?.[1] ?? '') as unknown

describe('the page', () => {
  it('has no inline style or script, which its policy forbids', () => {
    expect(page({ chaos: true })).not.toMatch(
      /\sstyle=|<style|\son\w+=|<script(?! type="(module|application\/json)")/,
    )
  })

  it('escapes whatever an instance is named', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '/', 's', '-', '!') }), (id) => {
        const instance = { id, index: null }
        const html = page({ instance, trail: [{ at: 0, instance }] })
        expect(state(html)).toMatchObject({ instance, trail: [{ instance }] })
        // As many tags as with a harmless name: none of its characters has become markup.
        expect(html.split('<').length).toBe(
          page({
            instance: { id: 'a', index: null },
            trail: [{ at: 0, instance: { id: 'a', index: null } }],
          }).split('<').length,
        )
      }),
    )
  })

  it('survives a clock that is off by any amount', () => {
    fc.assert(
      fc.property(fc.double(), (at) => {
        expect(page({ trail: [{ at, instance: data.instance }] })).toContain('You have been here')
      }),
    )
  })

  it('writes the largest count in full', () => {
    expect(page({ visits: Number.MAX_SAFE_INTEGER })).toContain('9,007,199,254,740,991')
  })

  it('offers to kill an instance only where that is enabled', () => {
    expect(page()).not.toContain('kill')
    expect(page({ chaos: true })).toContain('data-experiment="kill"')
  })

  it('marks the store that is in use', () => {
    expect(page({ store: 'memory' })).toMatch(/<dt>memory <em>in use/)
  })
})
