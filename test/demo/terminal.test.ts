import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDemoSettings } from '../../src/demo/demo-settings.js'
import { wrap } from '../../src/demo/terminal.js'

describe('a line in the terminal', () => {
  it('is broken between words, and loses none', () => {
    const word = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', '-') })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 40 }), (words, width) => {
        const lines = wrap(words.join(' '), width)
        expect(lines.join(' ')).toBe(words.join(' '))
        for (const line of lines) expect(line.length <= width || !line.includes(' ')).toBe(true)
      }),
    )
  })
})

describe('the data folder', () => {
  it('is another one for each port, so that DEMO_PORT is enough for two demos at once', () => {
    const folder = (environment: Record<string, string>) => readDemoSettings(environment).dataFolder
    expect(folder({})).toMatch(/\.data$/)
    expect(folder({ DEMO_PORT: '8180' })).toMatch(/\.data.8180$/)
    expect(folder({ DEMO_PORT: '8180', DEMO_DATA: '/mine' })).toBe('/mine')
  })
})
