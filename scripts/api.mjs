// `node scripts/api.mjs`: writes docs/api.md from the docstrings of the store, with typedoc. typedoc needs an older TypeScript than
// this project, so it gets a folder of its own, and only whoever renders the page installs it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PACKAGES = ['typedoc@0.28.20', 'typedoc-plugin-markdown@4.14.1', 'typescript@6.0']
const OPTIONS = [
  ...[
    '--entryPoints',
    'src/store/index.ts',
    '--tsconfig',
    'tsconfig.json',
    '--readme',
    'none',
    '--name',
    'API of exact-sessions',
  ],
  ...[
    '--skipErrorChecking',
    '--excludeInternal',
    '--excludePrivate',
    '--excludeExternals',
    '--disableSources',
  ],
  ...[
    '--outputFileStrategy',
    'modules',
    '--hidePageHeader',
    '--hideBreadcrumbs',
    '--useCodeBlocks',
    '--logLevel',
    'Error',
  ],
  ...[
    '--parametersFormat',
    'table',
    '--interfacePropertiesFormat',
    'table',
    '--classPropertiesFormat',
    'table',
  ],
]

const folder = mkdtempSync(join(tmpdir(), 'redissessions-api-'))
try {
  execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', ...PACKAGES], {
    stdio: 'inherit',
  })
  const modules = join(folder, 'node_modules')
  const plugin = join(modules, 'typedoc-plugin-markdown/dist/index.js')
  const out = join(folder, 'out')
  execFileSync(
    process.execPath,
    [join(modules, 'typedoc/bin/typedoc'), '--plugin', plugin, '--out', out, ...OPTIONS],
    {
      stdio: 'inherit',
    },
  )
  const text = readFileSync(join(out, 'README.md'), 'utf8')
  writeFileSync('docs/api.md', `${compact(text)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Leaves out what is Node's and JavaScript's own, and what a class of errors has besides its code. */
function compact(text) {
  let part = ''
  let method = ''
  const kept = text.split(/^(?=#{2,6} )/m).filter((section) => {
    const [, level = '', name = ''] = /^(#+) (.*)\n/.exec(section) ?? []
    if (level.length <= 3) part = name
    if (level.length <= 5) method = name
    if (/^(?:on|off|once)\(\)/.test(method)) return false
    if (['Overrides', 'Inherited from', 'Type Parameters', 'Since'].includes(name)) return false
    return !(part.endsWith('Error') && level.length > 3 && name !== 'Properties')
  })
  return kept
    .map((section) =>
      section
        .replace(/^#### Properties\n[\s\S]*?"(ERR_\w+)"[\s\S]*?(?=\n\n|$)/, '`code`: `$1`')
        .replace(/^#{6} Returns\n\n.*\n\n?(?!\*\*\*)(?=\w)/, '**Returns** ')
        .replace(/^#{6} Returns\n\n.*\n/, '')
        .replace(/^#{6} (\w+)\n/, '**$1**\n'),
    )
    .join('')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
}
