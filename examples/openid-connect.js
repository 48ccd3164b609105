// Login with OpenID Connect (express-openid-connect). It keeps everything that the app stores in one value, so overlapping requests
// overwrite each other. This store keeps each key separately.
import express from 'express'
import openidConnect from 'express-openid-connect'
import { store } from './store.js'

const { auth, requiresAuth } = openidConnect

// (express-openid-connect waits for a promise only if the function is written as `async`.)
const separateKeys = {
  async get(id) {
    const found = await store.get(id)
    if (!found) return undefined
    const data = {}
    // for…in also copies the hidden mark by which the store knows what was loaded.
    for (const key in found) if (key !== 'header' && key !== 'cookie') data[key] = found[key]
    return { header: found.header, data }
  },
  async set(id, { header, data, cookie }) {
    await store.set(id, { ...data, header, cookie })
  },
  async destroy(id) {
    await store.destroy(id)
  },
}

const port = process.env.PORT ?? 3000
const app = express()
app.use(
  auth({
    issuerBaseURL: process.env.ISSUER ?? 'http://127.0.0.1:4000',
    baseURL: `http://127.0.0.1:${port}`,
    clientID: 'shop',
    clientSecret: 'change me, too',
    secret: 'change me: 32 characters or more',
    authRequired: false,
    authorizationParams: { response_type: 'code', scope: 'openid' },
    session: { store: separateKeys, signSessionStoreCookie: true },
  }),
)

app.get('/', requiresAuth(), (req, res) => {
  const items = Object.keys(req.appSession).filter((key) => key.startsWith('item:'))
  res.json({ user: req.oidc.user.sub, items: items.map((key) => key.slice(5)).sort() })
})
// It is saved before the answer.
app.post('/cart/:item', requiresAuth(), (req, res) => {
  req.appSession[`item:${req.params.item}`] = true
  res.redirect(303, '/')
})

app.listen(port, '127.0.0.1', () => console.log(port))
