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
  const overrides = /^#+ (?:Overrides|Inherited from)\n\n.*\n\n?/gm
  writeFileSync(
    'docs/api.md',
    `${text
      .replace(overrides, '')
      .replace(/\n{3,}/g, '\n\n')
      .trimEnd()}\n`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
