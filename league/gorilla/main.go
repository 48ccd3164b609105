// Go's net/http with gorilla/sessions and redistore, as their READMEs show them.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/boj/redistore"
)

func main() {
	store, err := redistore.NewRediStoreWithURL(10, os.Getenv("REDIS_URL"), []byte("secret-key"))
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	http.HandleFunc("GET /hits", func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "session")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		before, _ := session.Values["visits"].(int)
		session.Values["visits"] = before + 1
		if err := session.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "Visits: %d", before+1)
	})
	http.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "session")
		if err == nil {
			session.Options.MaxAge = -1
			err = session.Save(r, w)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
