// Runs a program of this project, after installing and building what it needs, so that each npm script works on a fresh clone.
//   node scripts/run.mjs NAME [ARGUMENT…]
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from './prepare.mjs'

const VITEST = 'node_modules/vitest/vitest.mjs'
const PROOF = 'test/proof/run.mjs'
const TOOLS = ['redis', 'chromium', 'helm', 'prometheus']
const BENCHES = ['durability', 'scaling', 'sizing', 'soak', 'start']

/** The file that each program is, its first arguments, and what it needs besides npm's packages and the build. */
const PROGRAMS = {
  start: { file: 'dist/counter/server.js' },
  demo: { file: 'dist/demo/demo.js', needs: ['demo-redis'] },
  dev: { file: 'scripts/dev.mjs', needs: ['demo-redis'] },
  kind: { file: 'dist/demo/kind/kind.js' },
  drill: { file: 'dist/drill/main.js' },
  contrast: { file: 'dist/demo/contrast.js', needs: ['demo-redis'] },
  bench: { file: 'dist/bench/main.js', needs: ['redis', 'bench'] },
  league: { file: 'dist/league/main.js', needs: ['redis', 'league'] },
  test: { file: VITEST, args: ['run', '--project', 'quick'], needs: TOOLS },
  'test:long': { file: VITEST, args: ['run', '--project', 'long'], needs: [...TOOLS, 'examples'] },
  'test:all': {
    file: VITEST,
    args: ['run', '--project', 'quick', '--project', 'long'],
    needs: [...TOOLS, 'examples'],
  },
  'test:cluster': { file: VITEST, args: ['run', '--project', 'cluster'] },
  histories: { file: PROOF, args: ['histories'], needs: ['redis'] },
  schedules: { file: PROOF, args: ['schedules'], needs: ['redis'] },
  mutation: { file: PROOF, args: ['mutation'], needs: ['redis'] },
  'mutation:lua': { file: PROOF, args: ['mutation', '--of', 'lua'], needs: ['redis'] },
  packages: { file: 'scripts/packages.mjs' },
  render: { file: 'scripts/render.mjs', needs: ['helm'] },
  screenshots: { file: 'scripts/screenshots.mjs', needs: ['redis', 'chromium'] },
}

const [name = '', ...given] = process.argv.slice(2)
const program = PROGRAMS[name]
if (!program) {
  console.error(`scripts/run.mjs: expected one of ${Object.keys(PROGRAMS).join(', ')}, found "${name}"`)
  process.exit(2)
}
let { file, args = [], needs = [] } = program
// `npm run bench -- soak` is another bench than the side-by-side one.
if (name === 'bench' && BENCHES.includes(given[0])) file = `dist/bench/${given.shift()}.js`
await prepare(needs)
process.argv = [process.execPath, resolve(file), ...args, ...given]
try {
  await import(pathToFileURL(resolve(file)).href)
} catch (error) {
  if (!error?.code?.startsWith('ERR_PARSE_ARGS')) throw error
  const source = file === PROOF ? `test/proof/${args[0]}/main.ts` : file.replace(/^dist\/(.*)js$/, '$1ts')
  console.error(`npm run ${name}: ${error.message.split('. ')[0]}; the options are at the top of ${source}`)
  process.exit(2)
}
