// What is the same in all apps of a stack: the session cookie, and how one logs in and out.
import type { Journey } from './journey.js'

export const PRESETS: Readonly<Record<string, Partial<Journey>>> = {
  express: { name: 'express', cookie: 'connect.sid' },
  fastify: { name: 'fastify', cookie: 'sessionId' },
  django: {
    name: 'django',
    cookie: 'sessionid',
    logout: {
      post: '/accounts/logout/',
      form: { csrfmiddlewaretoken: '{{token}}' },
      headers: { referer: '{{origin}}/' },
    },
    login: [
      { get: '/accounts/login/', take: { token: 'css:input[name=csrfmiddlewaretoken]' } },
      {
        post: '/accounts/login/',
        form: {
          username: '{{env.DRILL_USER}}',
          password: '{{env.DRILL_PASSWORD}}',
          csrfmiddlewaretoken: '{{token}}',
        },
        headers: { referer: '{{origin}}/accounts/login/' },
        take: { token: 'cookie:csrftoken' },
      },
    ],
  },
  flask: { name: 'flask', cookie: 'session', logout: { post: '/logout' } },
  spring: {
    name: 'spring',
    cookie: 'SESSION',
    login: [
      { get: '/login', take: { token: 'css:input[name=_csrf]' } },
      {
        post: '/login',
        form: { username: '{{env.DRILL_USER}}', password: '{{env.DRILL_PASSWORD}}', _csrf: '{{token}}' },
      },
      { get: '/logout', take: { token: 'css:input[name=_csrf]' } },
    ],
    logout: { post: '/logout', form: { _csrf: '{{token}}' } },
  },
  scs: { name: 'scs', cookie: 'session', logout: { post: '/logout' } },
  gorilla: { name: 'gorilla', cookie: 'session', logout: { post: '/logout' } },
  axum: { name: 'axum', cookie: 'id', logout: { post: '/logout' } },
  // As the authentication generator of Rails 8 writes it.
  rails: {
    name: 'rails',
    login: [
      { get: '/session/new', take: { token: 'css:input[name=authenticity_token]' } },
      {
        post: '/session',
        form: {
          email_address: '{{env.DRILL_USER}}',
          password: '{{env.DRILL_PASSWORD}}',
          authenticity_token: '{{token}}',
        },
        take: { token: 'css:meta[name=csrf-token]' },
      },
    ],
    logout: { post: '/session', form: { _method: 'delete', authenticity_token: '{{token}}' } },
  },
  // As its starter kits write it.
  laravel: {
    name: 'laravel',
    login: [
      { get: '/login', take: { token: 'css:input[name=_token]' } },
      {
        post: '/login',
        form: { email: '{{env.DRILL_USER}}', password: '{{env.DRILL_PASSWORD}}', _token: '{{token}}' },
        take: { token: 'css:meta[name=csrf-token]' },
      },
    ],
    logout: { post: '/logout', form: { _token: '{{token}}' } },
  },
}
