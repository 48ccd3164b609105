// The name of the session cookie, for express-session and for those who look for the cookie.

export const SESSION_COOKIE = 'connect.sid'
